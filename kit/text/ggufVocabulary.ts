/** The way back from `tokenizerFromGguf`: a tokenizer's files as the vocabulary that llama.cpp wants in a GGUF file. */
import { UserError } from "../errors.js";
import { type GgufVocabulary, PRE_TOKENIZERS } from "./gguf.js";
import { asId, asList, asRecord, asString, type JsonRecord } from "./record.js";
import { sentencePieceVocabulary, TokenType } from "./sentencepiece.js";
import type { Tokenizer } from "./tokenizer.js";

/**
 * The vocabulary of a byte-level `tokenizer.json`.
 *
 * @param json the parsed file
 * @param tokenizer what it became, which knows the ids with a role
 * @param vocab rows of the embedding: those without a token are listed as unused ones
 * @throws UserError when llama.cpp has no such tokenizer: no byte-level BPE, a normaliser, or splitting it has no name for
 */
export function ggufVocabulary(json: unknown, tokenizer: Tokenizer, vocab: number): GgufVocabulary {
  const file = asRecord(json, "tokenizer.json");
  if (tokenizer.kind !== "byte-level-bpe" || (file.normalizer ?? null) !== null) {
    throw new UserError("llama.cpp has no such tokenizer", {
      where: "tokenizer.json",
      expected: "byte-level BPE without a normalizer",
      fix: "Put the tokenizer.model that belongs to it beside it, or leave the tokenizer out: weights.saveGguf(model, file)",
    });
  }
  const model = asRecord(file.model, "model");
  const [tokens, types] = listed(file, model, vocab);
  return {
    model: "gpt2",
    pre: nameOf(file.pre_tokenizer),
    tokens,
    types,
    merges: asList(model.merges, "model.merges").map((merge) => (typeof merge === "string" ? merge : joined(merge))),
    ...roles(tokenizer),
  };
}

/**
 * The same of a SentencePiece `tokenizer.model`. Tokens that were added behind its pieces are the tokenizer's, which was perhaps
 * read from a `tokenizer.json` beside it.
 */
export function ggufVocabularyOfPieces(bytes: Uint8Array, tokenizer: Tokenizer, vocab: number): GgufVocabulary {
  const { tokens, scores, types, dummyPrefix } = sentencePieceVocabulary(bytes);
  const behind = Array.from({ length: vocab - tokens.length }, (_, i) => addedToken(tokenizer, tokens.length + i));
  return {
    model: "llama",
    tokens: [...tokens, ...behind.map(({ token }) => token)],
    scores: [...Array.from(scores), ...behind.map(({ score }) => score)],
    types: [...Array.from(types), ...behind.map(({ type }) => type)],
    addSpacePrefix: dummyPrefix,
    ...roles(tokenizer),
  };
}

type Piece = { readonly token: string; readonly score: number; readonly type: number };

/** A token that is no piece, with the score of llama.cpp's converter, by which no merge prefers it; or an unused one. */
function addedToken(tokenizer: Tokenizer, id: number): Piece {
  const token = id < tokenizer.vocab ? tokenizer.tokenOf(id) : "";
  if (token === "") return { token: unusedToken(id), score: 0, type: TokenType.unused };
  return { token, score: -1000, type: tokenizer.isSpecial(id) ? TokenType.control : TokenType.userDefined };
}

function joined(merge: unknown): string {
  return asList(merge, "model.merges")
    .map((part) => asString(part, "model.merges"))
    .join(" ");
}

const unusedToken = (id: number): string => `[PAD${id}]`;

function listed(file: JsonRecord, model: JsonRecord, vocab: number): [tokens: string[], types: number[]] {
  const tokens = Array.from({ length: vocab }, (_, id) => unusedToken(id));
  const types: number[] = Array.from({ length: vocab }, () => TokenType.unused);
  const put = (token: string, id: number, type: number): void => {
    [tokens[id], types[id]] = [token, type];
  };
  for (const [token, id] of Object.entries(asRecord(model.vocab, "model.vocab")))
    put(token, asId(id, "model.vocab"), TokenType.normal);
  for (const each of asList(file.added_tokens ?? [], "added_tokens")) {
    const { id, content, special } = asRecord(each, "added_tokens");
    const type = special === true ? TokenType.control : TokenType.userDefined;
    put(asString(content, "added_tokens"), asId(id, "added_tokens"), type);
  }
  return [tokens, types];
}

function roles(tokenizer: Tokenizer): Partial<GgufVocabulary> {
  const { bos, eos, pad, unk } = tokenizer.special;
  const around = tokenizer.encode("", { addSpecial: true });
  return {
    bos,
    eos,
    padding: pad,
    unknown: unk,
    addBos: bos !== undefined && around[0] === bos,
    addEos:
      eos !== undefined &&
      around.length > 0 &&
      around[around.length - 1] === eos &&
      !(around.length === 1 && eos === bos),
  };
}

/** llama.cpp's name for a way of splitting. */
function nameOf(preTokenizer: unknown): string {
  const wanted = essence(preTokenizer);
  const found = Object.entries(PRE_TOKENIZERS).find(
    ([, steps]) => essence({ type: "Sequence", pretokenizers: steps }) === wanted,
  );
  if (found !== undefined) return found[0];
  throw new UserError("llama.cpp has no name for how this tokenizer splits text", {
    where: "pre_tokenizer of tokenizer.json",
    expected: `that of ${Object.keys(PRE_TOKENIZERS).join(", ")}`,
  });
}

/** What of a pre-tokenizer decides how it splits, as text. */
function essence(preTokenizer: unknown): string {
  const { type, pretokenizers, trim_offsets: _, ...rest } = asRecord(preTokenizer, "pre_tokenizer");
  const steps = type === "Sequence" ? asList(pretokenizers, "pre_tokenizer") : undefined;
  if (steps !== undefined) return steps.map(essence).join(" ");
  return JSON.stringify([type, ...Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1))]);
}
