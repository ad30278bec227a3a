import { type PieceVocabulary, TokenType } from "./sentencepiece.js";

/**
 * A SentencePiece `.model` file of a BPE vocabulary, as `tokenizerFromSentencePiece` and SentencePiece itself read it.
 *
 * What stands around a text is no part of such a file: its readers begin a text with the bos id, as Llama does.
 *
 * @see sentencepiece_model.proto for the numbers of the fields
 */
export function sentencePieceFile(vocabulary: PieceVocabulary): Uint8Array {
  const { tokens, scores, types, special, dummyPrefix, collapseSpaces, unkSurface } = vocabulary;
  // Readers take unused pieces apart again where they merge them; no text forms these, and none forms a control piece.
  const typeOf = (id: number): number => (types[id] === TokenType.unused ? TokenType.control : types[id]);
  const pieces = tokens.map((token, id) =>
    bytesField(1, [...text(1, token), ...float(2, scores[id]), ...number(3, typeOf(id))]),
  );
  const trainer = [
    ...number(3, bpe),
    ...number(4, tokens.length),
    ...number(35, Array.from(types).includes(TokenType.byte) ? 1 : 0),
    ...number(40, special.unk ?? none),
    ...number(41, special.bos ?? none),
    ...number(42, special.eos ?? none),
    ...number(43, special.pad ?? none),
    ...text(44, unkSurface),
  ];
  const normaliser = [...text(1, "identity"), ...number(3, dummyPrefix ? 1 : 0), ...number(4, collapseSpaces ? 1 : 0)];
  return Buffer.concat([...pieces, bytesField(2, trainer), bytesField(3, normaliser)]);
}

/** `TrainerSpec.ModelType`; and the id of a role that nobody has. */
const [bpe, none] = [2, -1];

const [varintWire, bytesWire, floatWire] = [0, 2, 5];

function number(field: number, value: number): number[] {
  return [...varint((field << 3) | varintWire), ...varint(value)];
}

function text(field: number, value: string): number[] {
  const bytes = new TextEncoder().encode(value);
  return [...varint((field << 3) | bytesWire), ...varint(bytes.length), ...bytes];
}

function float(field: number, value: number): number[] {
  return [...varint((field << 3) | floatWire), ...new Uint8Array(Float32Array.of(value).buffer)];
}

function bytesField(field: number, content: readonly number[]): Uint8Array {
  return Uint8Array.from([...varint((field << 3) | bytesWire), ...varint(content.length), ...content]);
}

/** Seven bits a byte, the lowest first; a negative number is a two's complement of 64 bits. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return [...bytes, Number(rest)];
}
