/** Trains a tokenizer of 10,000 tokens on the stories of a file, or on toy stories; prints what that cost. */
import { createHash } from "node:crypto";
import { readJsonl, toyStories, trainBpe, utf8Bytes } from "../../../text/index.js";

const [file] = process.argv.slice(2);
const texts = file === undefined ? toyStories({ seed: 1, count: 13_000 }) : [...readJsonl(file)];
const start = performance.now();
const { merges } = trainBpe(texts, { vocab: 10_000 }).model;
const seconds = (performance.now() - start) / 1000;
console.log(
  JSON.stringify({
    bytes: texts.reduce((sum, text) => sum + utf8Bytes(text), 0),
    seconds,
    // Of the whole process, the texts included.
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
    merges: merges.length,
    digest: createHash("sha256")
      .update(merges.map((merge) => merge.join(" ")).join("\n"))
      .digest("hex"),
  }),
);
