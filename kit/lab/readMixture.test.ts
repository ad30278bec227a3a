import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../source/testing/folder.js";
import { type MixtureSpec, namedMixture, namedMixtures } from "../text/index.js";
import { mixtureOf, readMixture } from "./readMixture.js";

const mixture: MixtureSpec = {
  sources: [
    { from: "tinystories", weight: 3, rows: 500 },
    { from: "org/set@main", weight: 0.5, split: "train_sft", form: { kind: "messages" }, blank: "skip" },
    { from: "a.txt", weight: 1, form: { kind: "text", between: "\n" } },
    { from: "b.jsonl", weight: 1, form: { kind: "pair", question: "q", answer: "a" } },
  ],
  validation: 0.05,
  template: "chatml",
};

describe("a mixture in JSON", () => {
  it("is read as it was written, the named ones too", () => {
    for (const spec of [mixture, ...Object.values(namedMixtures)]) {
      expect(readMixture(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
    }
  });

  it.each<[string, object, RegExp]>([
    ["no sources", { sources: [] }, /sources is \[\] \(m\.json\): expected at least one source/],
    [
      "a misspelt field",
      { sources: [{ ...mixture.sources[0], wieght: 2 }] },
      /sources\[0\]\.wieght.*Did you mean weight/,
    ],
    ["no weight", { sources: [{ from: "a" }] }, /sources\[0\]\.weight is missing/],
    ["a weight of nothing", { sources: [{ from: "a", weight: 0 }] }, /sources\[0\]\.weight is 0.*above 0/],
    ["no place", { sources: [{ from: "", weight: 1 }] }, /sources\[0\]\.from is ""/],
    [
      "an unknown form",
      { sources: [{ from: "a", weight: 1, form: { kind: "csv" } }] },
      /form\.kind is "csv".*"alpaca"/,
    ],
    [
      "a form's other field",
      { sources: [{ from: "a", weight: 1, form: { kind: "orca", column: "x" } }] },
      /form\.column/,
    ],
    ["no share", { validation: 1 }, /validation is 1/],
    ["an unknown template", { template: "zefyr" }, /template is "zefyr".*"zephyr"/],
  ])("is refused with %s", (_, change, message) => {
    expect(() => readMixture({ ...mixture, ...change }, "m.json")).toThrow(message);
  });
});

describe("a mixture in a word", () => {
  it("is a name, a file with a mixture, or a single source", () => {
    const folder = temporaryFolder();
    const [spec, data, broken] = ["spec.json", "data.json", "broken.json"].map((name) => join(folder, name));
    writeFileSync(spec, JSON.stringify(mixture));
    writeFileSync(data, JSON.stringify([{ text: "x" }]));
    writeFileSync(broken, JSON.stringify({ ...mixture, validation: 3 }));
    expect(mixtureOf("cinder")).toBe(namedMixture("cinder"));
    expect(mixtureOf(spec)).toEqual(mixture);
    for (const word of [data, "org/set", "tinystories"]) {
      expect(mixtureOf(word)).toEqual({ sources: [{ from: word, weight: 1 }], validation: 0.02 });
    }
    expect(() => mixtureOf(broken)).toThrow(/validation is 3 \(.*broken\.json\)/);
  });
});
