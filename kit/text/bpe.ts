import { byteCharacters } from "./byteLevel.js";
import { merge } from "./merge.js";
import type { PairTable } from "./pairs.js";
import type { Ids } from "./tokenizer.js";

/** What a BPE model needs to turn a word into ids. */
export type BpeModel = {
  /** Id of each token. */
  readonly ids: ReadonlyMap<string, number>;
  readonly pairs: PairTable;
  /** Words are spelt in the byte-level alphabet. */
  readonly byteLevel: boolean;
  /** Take a word that is a token whole, whatever the merges say. */
  readonly ignoreMerges: boolean;
  /** Spell characters outside the vocabulary as `<0xNN>`. */
  readonly byteFallback: boolean;
  /** Id for what the vocabulary cannot spell; without one it is left out. */
  readonly unk: number | undefined;
  /** Several unknown characters in a row are one unknown. */
  readonly fuseUnk: boolean;
};

/** Words up to this length are remembered; longer ones hardly ever come back. */
const LONGEST_CACHED = 64;
const MOST_CACHED = 100_000;

/**
 * A function that appends the ids of one word.
 *
 * Words are remembered with their ids, so that running text costs a lookup a word.
 *
 * @param model vocabulary and merges
 * @returns the function
 */
export function bpeWords(model: BpeModel): (word: string, out: Ids) => void {
  const spell = model.byteLevel ? byteSpeller(model) : characterSpeller(model);
  let cache = new Map<string, Int32Array>();
  let symbols = new Int32Array(256);
  return (word, out) => {
    const known = cache.get(word);
    if (known !== undefined) {
      out.append(known);
      return;
    }
    // A byte-level word has at most three symbols per UTF-16 unit.
    if (symbols.length < word.length * 3) symbols = new Int32Array(word.length * 3);
    const count = merge(symbols, spell(word, symbols), model.pairs);
    out.append(symbols, count);
    if (word.length > LONGEST_CACHED) {
      if (symbols.length > 1 << 20) symbols = new Int32Array(256);
      return;
    }
    if (cache.size >= MOST_CACHED) cache = new Map();
    cache.set(word, symbols.slice(0, count));
  };
}

/** Writes a word's first symbols and returns how many there are. */
type Speller = (word: string, symbols: Int32Array) => number;

function byteSpeller(model: BpeModel): Speller {
  const bytes = byteCharacters.map((character) => model.ids.get(character) ?? -1);
  const encoder = new TextEncoder();
  return (word, symbols) => {
    const encoded = encoder.encode(word);
    if (model.ignoreMerges) {
      const whole = model.ids.get(Array.from(encoded, (byte) => byteCharacters[byte]).join(""));
      if (whole !== undefined) {
        symbols[0] = whole;
        return 1;
      }
    }
    const unknown = unknowns(model, symbols);
    let count = 0;
    for (const byte of encoded) {
      if (bytes[byte] >= 0) symbols[count++] = bytes[byte];
      else count = unknown(count);
    }
    return count;
  };
}

function characterSpeller(model: BpeModel): Speller {
  const bytes = Array.from({ length: 256 }, (_, byte) => model.ids.get(byteToken(byte)) ?? -1);
  const encoder = new TextEncoder();
  return (word, symbols) => {
    const whole = model.ignoreMerges ? model.ids.get(word) : undefined;
    if (whole !== undefined) {
      symbols[0] = whole;
      return 1;
    }
    const unknown = unknowns(model, symbols);
    let count = 0;
    for (const character of word) {
      const id = model.ids.get(character);
      if (id !== undefined) {
        symbols[count++] = id;
        continue;
      }
      const encoded = model.byteFallback ? encoder.encode(character) : undefined;
      if (encoded?.every((byte) => bytes[byte] >= 0)) {
        for (const byte of encoded) symbols[count++] = bytes[byte];
      } else count = unknown(count);
    }
    return count;
  };
}

/** A function that writes the unknown id at `count`, unless there is none or it continues a run of them. */
function unknowns(model: BpeModel, symbols: Int32Array): (count: number) => number {
  let after = -1;
  return (count) => {
    if (model.unk === undefined || (model.fuseUnk && after === count)) return count;
    symbols[count] = model.unk;
    after = count + 1;
    return after;
  };
}

/** The token that stands for one byte in a vocabulary with byte fallback. */
export function byteToken(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
}

/** The byte that a token such as `<0x0A>` stands for. */
export function byteOfToken(token: string): number | undefined {
  return /^<0x[0-9A-Fa-f]{2}>$/.test(token) ? Number.parseInt(token.slice(3, 5), 16) : undefined;
}
