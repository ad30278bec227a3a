import { UserError } from "../errors.js";
import { addedFinder, marker } from "./added.js";
import { byteOfToken } from "./bpe.js";
import { fields } from "./protobuf.js";
import { assertScores, scoredEncoder } from "./scored.js";
import { makeTokenizer, type SpecialIds, type Tokenizer } from "./tokenizer.js";

/** What a token is; the numbers are SentencePiece's, and GGUF's. */
export const TokenType = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** A SentencePiece BPE vocabulary as plain values, as a `.model` file and a GGUF file both hold it. */
export type PieceVocabulary = {
  readonly tokens: readonly string[];
  readonly scores: ArrayLike<number>;
  /** See {@link TokenType}. */
  readonly types: ArrayLike<number>;
  readonly special: SpecialIds;
  /** Put a space in front of a text. */
  readonly dummyPrefix: boolean;
  /** Trim spaces at both ends and leave one of several. */
  readonly collapseSpaces: boolean;
  /** What the unknown token is decoded to. */
  readonly unkSurface: string;
  readonly before: readonly number[];
  readonly after: readonly number[];
};

const WHERE = "tokenizer.model";

/**
 * A tokenizer from a SentencePiece `.model` file: BPE, with or without byte fallback (Llama-2, TinyLlama).
 *
 * Markers spelt in a text are text, as in SentencePiece itself, unless `parseSpecial` asks for their ids: then each stretch
 * between markers is a text of its own with a space in front, as in transformers and llama.cpp. `▁` in a text comes back as
 * a space.
 *
 * @param bytes the file
 * @returns the tokenizer; its template begins a text with the file's bos id, as Llama does
 * @throws UserError when the file is damaged, is no BPE model, or has a compiled normaliser
 */
export function tokenizerFromSentencePiece(bytes: Uint8Array): Tokenizer {
  return pieceTokenizer(sentencePieceVocabulary(bytes));
}

/** The plain values of such a file. Throws as {@link tokenizerFromSentencePiece}. */
export function sentencePieceVocabulary(bytes: Uint8Array): PieceVocabulary {
  const tokens: string[] = [];
  const scores: number[] = [];
  const types: number[] = [];
  const trainer = new Map<number, number | Uint8Array>();
  const normaliser = new Map<number, number | Uint8Array>();
  for (const field of fields(bytes, WHERE)) {
    if (!(field.value instanceof Uint8Array)) continue;
    if (field.number === 1) readPiece(field.value, tokens, scores, types);
    if (field.number === 2) for (const { number, value } of fields(field.value, WHERE)) trainer.set(number, value);
    if (field.number === 3) for (const { number, value } of fields(field.value, WHERE)) normaliser.set(number, value);
  }
  if (tokens.length === 0) throw new UserError("the SentencePiece model has no pieces", { where: WHERE });
  if (trainer.get(MODEL_TYPE) !== BPE) {
    throw new UserError("only SentencePiece models of type BPE are supported", {
      where: WHERE,
      fix: "Convert the tokenizer to tokenizer.json",
    });
  }
  const charmap = normaliser.get(CHARSMAP);
  if ((charmap instanceof Uint8Array && charmap.length > 0) || trainer.get(SUFFIX_SPACES) === 1) {
    throw new UserError("the model normalises characters or puts spaces behind words, which is not supported", {
      where: WHERE,
      fix: "Convert the tokenizer to tokenizer.json",
    });
  }
  if (types.includes(TokenType.unused)) {
    throw new UserError("a model with unused pieces is not supported", { where: WHERE });
  }
  // -1 switches a role off; it is stored as a 64-bit two's complement.
  const role = (field: number, fallback: number): number | undefined => {
    const id = trainer.get(field) ?? fallback;
    return typeof id === "number" && id < tokens.length ? id : undefined;
  };
  const bos = role(BOS_ID, 1);
  const surface = trainer.get(UNK_SURFACE);
  return {
    tokens,
    scores,
    types,
    special: present({ unk: role(UNK_ID, 0), bos, eos: role(EOS_ID, 2), pad: role(PAD_ID, -1) }),
    dummyPrefix: (normaliser.get(DUMMY_PREFIX) ?? 1) === 1,
    collapseSpaces: (normaliser.get(COLLAPSE_SPACES) ?? 1) === 1,
    unkSurface: surface instanceof Uint8Array ? new TextDecoder().decode(surface) : " \u2047 ",
    before: bos === undefined ? [] : [bos],
    after: [],
  };
}

/** Field numbers of `TrainerSpec` and `NormalizerSpec` in sentencepiece_model.proto. */
const [MODEL_TYPE, BPE, SUFFIX_SPACES, UNK_ID, BOS_ID, EOS_ID, PAD_ID, UNK_SURFACE] = [3, 2, 24, 40, 41, 42, 43, 44];
const [CHARSMAP, DUMMY_PREFIX, COLLAPSE_SPACES] = [2, 3, 4];

function readPiece(bytes: Uint8Array, tokens: string[], scores: number[], types: number[]): void {
  let token = "";
  let score = 0;
  let type: number = TokenType.normal;
  for (const { number, value, float } of fields(bytes, WHERE)) {
    if (number === 1 && value instanceof Uint8Array)
      token = new TextDecoder("utf-8", { ignoreBOM: true }).decode(value);
    if (number === 2 && float !== undefined) score = float;
    if (number === 3 && typeof value === "number") type = value;
  }
  tokens.push(token);
  scores.push(score);
  types.push(type);
}

/** A tokenizer from the plain values of a SentencePiece BPE vocabulary. */
export function pieceTokenizer(vocabulary: PieceVocabulary): Tokenizer {
  const { tokens, scores, types, dummyPrefix, collapseSpaces } = vocabulary;
  assertScores(tokens.length, scores.length, WHERE);
  assertScores(tokens.length, types.length, WHERE);
  const encoder = new TextEncoder();
  const markers = tokens.flatMap((token, id) => (types[id] === TokenType.control ? [marker(token, id)] : []));
  const find = addedFinder(markers);
  const encode = scoredEncoder({
    tokens,
    scores,
    formed: (id) => types[id] === TokenType.normal || types[id] === TokenType.userDefined,
    whole: (id) => types[id] === TokenType.userDefined,
    space: "▁",
    byteIds: byteIds(tokens, types),
    unk: vocabulary.special.unk,
  });
  return makeTokenizer({
    kind: "sentencepiece-bpe",
    tokens,
    special: vocabulary.special,
    markers: new Set(markers.map(({ id }) => id)),
    leading: dummyPrefix ? 1 : 0,
    before: vocabulary.before,
    after: vocabulary.after,
    bytes(token, id) {
      if (types[id] === TokenType.byte) return Uint8Array.of(byteOfToken(token) ?? 0);
      if (types[id] === TokenType.unknown) return encoder.encode(vocabulary.unkSurface);
      return encoder.encode(token.replaceAll("▁", " "));
    },
    parseSpecial: false,
    encode(text, parseSpecial, out) {
      for (const section of find(text, parseSpecial)) {
        if ("id" in section) {
          out.push(section.id);
          continue;
        }
        const spaced = collapseSpaces ? section.text.replace(/ +/g, " ").replace(/^ | $/g, "") : section.text;
        if (spaced !== "") encode((dummyPrefix ? ` ${spaced}` : spaced).replaceAll(" ", "▁"), out);
      }
    },
  });
}

function byteIds(tokens: readonly string[], types: ArrayLike<number>): readonly number[] | undefined {
  const found: number[] = new Array(256).fill(-1);
  tokens.forEach((token, id) => {
    const byte = types[id] === TokenType.byte ? byteOfToken(token) : undefined;
    if (byte !== undefined) found[byte] = id;
  });
  if (found.every((id) => id < 0)) return undefined;
  if (found.every((id) => id >= 0)) return found;
  throw new UserError("the vocabulary has tokens for some bytes but not for all", { where: WHERE });
}

/** Special ids without those that are absent. */
export function present(ids: { readonly [Role in keyof SpecialIds]: number | undefined }): SpecialIds {
  return Object.fromEntries(Object.entries(ids).filter(([, id]) => id !== undefined));
}
