import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../source/testing/folder.js";
import { sentencePieceFile } from "../text/sentencepieceFile.js";
import { pieceVocabulary } from "../text/testing/tokenizers.js";
import { tokenizerOf } from "./tokenizer.js";

const pieces = sentencePieceFile(pieceVocabulary(["▁", "a"]));

test("a tokenizer.model without the tokens that were added to it is refused, not read without them", async () => {
  const folder = temporaryFolder();
  const read = (vocab: number) => tokenizerOf({ kind: "folder", folder }, vocab);
  writeFileSync(join(folder, "tokenizer.model"), pieces);
  expect((await read(5))?.vocab).toBe(5);

  const decoder = (id: number) => ({ added_tokens_decoder: { [id]: { content: "<|im_end|>", special: true } } });
  const added: readonly (readonly [string, (id: number) => object])[] = [
    ["added_tokens.json", (id) => ({ "<|im_end|>": id })],
    ["tokenizer_config.json", decoder],
  ];
  for (const [name, content] of added) {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify(content(5)));
    await expect(read(6)).rejects.toThrow(
      `tokenizer.model has 5 pieces, and the model's tokens 5 are none (${path}): expected a tokenizer.json`,
    );
    // The model has no row for it: nobody can have meant it.
    expect((await read(5))?.vocab).toBe(5);
    writeFileSync(path, JSON.stringify(content(2)));
    expect((await read(6))?.vocab).toBe(5);
    rmSync(path);
  }
});
