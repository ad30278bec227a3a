import { UserError } from "../errors.js";
import { addedFinder, marker } from "./added.js";
import { byteOfToken } from "./bpe.js";
import { scoredEncoder } from "./scored.js";
import { makeTokenizer, type Tokenizer } from "./tokenizer.js";

const WHERE = "llama2.c tokenizer";
/** llama2.c's ids: unknown, begin, end, then the 256 bytes. */
const [UNK, BOS, EOS, FIRST_BYTE] = [0, 1, 2, 3];

/**
 * A tokenizer from llama2.c's `tokenizer.bin`.
 *
 * Encoding is `bpe_encode` of run.c: a space in front of a text that is not empty, characters outside the vocabulary as
 * bytes, the best-scored pair first. A text may hold NUL, which C's could not. Markers spelt in a text are text there; with
 * `parseSpecial` they become their ids, and what follows one is a text of its own.
 *
 * @param bytes the file: int32 longest token, then for each token float32 score, int32 length, UTF-8 bytes
 * @returns the tokenizer; its template begins a text with id 1
 * @throws UserError when the file is damaged
 */
export function tokenizerFromLlama2c(bytes: Uint8Array): Tokenizer {
  const { tokens, scores } = read(bytes);
  const encoder = new TextEncoder();
  const encode = scoredEncoder({
    tokens,
    scores,
    formed: (id) => id >= FIRST_BYTE && byteOfToken(tokens[id]) === undefined,
    space: " ",
    byteIds: Array.from({ length: 256 }, (_, byte) => FIRST_BYTE + byte),
    unk: UNK,
  });
  const markers = [UNK, BOS, EOS];
  const find = addedFinder(markers.map((id) => marker(tokens[id], id)));
  return makeTokenizer({
    kind: "llama2c-bpe",
    tokens,
    special: { bos: BOS, eos: EOS, unk: UNK },
    markers: new Set(markers),
    leading: 1,
    before: [BOS],
    after: [],
    bytes(token) {
      const byte = byteOfToken(token);
      return byte === undefined ? encoder.encode(token) : Uint8Array.of(byte);
    },
    parseSpecial: false,
    encode(text, parseSpecial, out) {
      for (const section of find(text, parseSpecial)) {
        if ("id" in section) out.push(section.id);
        else encode(` ${section.text}`, out);
      }
    },
  });
}

function read(bytes: Uint8Array): { tokens: string[]; scores: number[] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const damaged = (reason: string): UserError =>
    new UserError(`this is no llama2.c tokenizer: ${reason}`, {
      where: WHERE,
      expected: "the .bin file that belongs to the model",
    });
  if (bytes.length < 4) throw damaged("it is empty");
  const longest = view.getInt32(0, true);
  const tokens: string[] = [];
  const scores: number[] = [];
  for (let at = 4; at < bytes.length; ) {
    if (at + 8 > bytes.length) throw damaged("it ends inside a token");
    const length = view.getInt32(at + 4, true);
    if (length < 0 || length > longest || at + 8 + length > bytes.length) {
      throw damaged(`token ${tokens.length} claims ${length} bytes`);
    }
    scores.push(view.getFloat32(at, true));
    try {
      const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
      tokens.push(text.decode(bytes.subarray(at + 8, at + 8 + length)));
    } catch {
      throw damaged(`token ${tokens.length} is no UTF-8`);
    }
    at += 8 + length;
  }
  if (tokens.length < FIRST_BYTE + 256) throw damaged(`it has ${tokens.length} tokens, fewer than bytes and markers`);
  return { tokens, scores };
}
