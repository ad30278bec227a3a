import { UserError } from "../errors.js";
import { literal } from "./literal.js";
import { merge } from "./merge.js";
import { PairTable } from "./pairs.js";
import type { Ids } from "./tokenizer.js";

/** A vocabulary whose merges follow from scores: of all neighbours that form a token the best-scored token wins. */
export type ScoredVocabulary = {
  readonly tokens: readonly string[];
  /** Score of each token; higher merges first. */
  readonly scores: ArrayLike<number>;
  /** Whether a text may turn into this token (markers and byte tokens are never formed). */
  readonly formed: (id: number) => boolean;
  /** Whether a token only ever stands alone and is found before anything merges. */
  readonly whole?: (id: number) => boolean;
  /** The character that stands for a space: `▁` or a space. */
  readonly space: string;
  /** Ids of the 256 bytes, for characters outside the vocabulary; without them such characters become `unk`. */
  readonly byteIds: readonly number[] | undefined;
  readonly unk: number | undefined;
};

const LONGEST_CACHED = 64;
const MOST_CACHED = 100_000;

/**
 * The encoder of a scored vocabulary: SentencePiece's BPE.
 *
 * Scores are turned into a table of pairs once, so that merging costs O(n log n) and no strings are built. Where no
 * token reaches from a letter across a following space, words are encoded apart and remembered.
 *
 * @param vocabulary tokens and scores
 * @returns a function that appends the ids of a text whose spaces are already written as `space`
 */
export function scoredEncoder(vocabulary: ScoredVocabulary): (text: string, out: Ids) => void {
  const { tokens, byteIds, unk } = vocabulary;
  const { pairs, symbolOf, characters } = pairsByScore(vocabulary);
  const finder = wholeFinder(vocabulary);
  const words = wordPattern(vocabulary);
  const encoder = new TextEncoder();
  let cache = new Map<string, Int32Array>();
  let symbols = new Int32Array(256);

  const encodeWord = (word: string, out: Ids): void => {
    const known = cache.get(word);
    if (known !== undefined) {
      out.append(known);
      return;
    }
    if (symbols.length < word.length) symbols = new Int32Array(word.length);
    const spelt: string[] = [];
    let count = 0;
    for (const character of word) {
      const symbol = symbolOf.get(character);
      // Characters no token contains get symbols of their own, below zero, which merge with nothing.
      symbols[count++] = symbol ?? -1 - (spelt.push(character) - 1);
    }
    const kept = merge(symbols, count, pairs);
    const begin = out.length;
    let previousUnknown = false;
    for (let i = 0; i < kept; i++) {
      const symbol = symbols[i];
      if (symbol >= 0 && symbol < tokens.length) {
        out.push(symbol);
        previousUnknown = false;
        continue;
      }
      const character = symbol < 0 ? spelt[-1 - symbol] : characters[symbol - tokens.length];
      if (byteIds !== undefined) for (const byte of encoder.encode(character)) out.push(byteIds[byte]);
      else if (unk !== undefined && !previousUnknown) out.push(unk);
      previousUnknown = true;
    }
    if (word.length > LONGEST_CACHED) {
      if (symbols.length > 1 << 20) symbols = new Int32Array(256);
      return;
    }
    if (cache.size >= MOST_CACHED) cache = new Map();
    cache.set(word, out.copy(begin));
  };

  return (text, out) => {
    for (const part of finder === undefined ? [text] : text.split(finder)) {
      if (part === "") continue;
      const id = finder === undefined ? undefined : symbolOf.get(part);
      if (id !== undefined && vocabulary.whole?.(id)) out.push(id);
      else if (words === undefined) encodeWord(part, out);
      else for (const word of part.match(words) ?? []) encodeWord(word, out);
    }
  };
}

type Pairs = {
  readonly pairs: PairTable;
  /** Symbol of each token that can be formed, and of single characters that only occur inside tokens. */
  readonly symbolOf: ReadonlyMap<string, number>;
  /** The latter, in the order of their symbols after the vocabulary. */
  readonly characters: readonly string[];
};

function pairsByScore(vocabulary: ScoredVocabulary): Pairs {
  const { tokens, scores, formed, whole } = vocabulary;
  const symbolOf = new Map<string, number>();
  tokens.forEach((token, id) => {
    if (formed(id) && !symbolOf.has(token)) symbolOf.set(token, id);
  });
  const ranks = new Map([...new Set(Array.from(scores))].sort((a, b) => b - a).map((score, rank) => [score, rank]));
  const characters: string[] = [];
  const symbol = (part: string, single: boolean): number | undefined => {
    const known = symbolOf.get(part);
    if (known !== undefined && !(whole?.(known) ?? false)) return known;
    if (known !== undefined || !single) return undefined;
    const made = tokens.length + characters.length;
    characters.push(part);
    symbolOf.set(part, made);
    return made;
  };
  const pairs = new PairTable(tokens.length * 2);
  for (const [token, id] of [...symbolOf]) {
    if (whole?.(id)) continue;
    const spelling = Array.from(token);
    let head = "";
    for (let cut = 1; cut < spelling.length; cut++) {
      head += spelling[cut - 1];
      const left = symbol(head, cut === 1);
      if (left === undefined) continue;
      const right = symbol(token.slice(head.length), cut === spelling.length - 1);
      if (right !== undefined) pairs.set(left, right, ranks.get(scores[id]) ?? 0, id);
    }
  }
  return { pairs, symbolOf, characters };
}

/** Splits off the tokens that only stand alone, the longest first; `undefined` where there are none. */
function wholeFinder(vocabulary: ScoredVocabulary): RegExp | undefined {
  const { tokens, formed, whole } = vocabulary;
  const alone = tokens.filter((token, id) => token !== "" && formed(id) && whole?.(id));
  if (alone.length === 0) return undefined;
  const alternatives = alone.sort((a, b) => b.length - a.length).map(literal);
  return new RegExp(`(${alternatives.join("|")})`, "u");
}

/** Words that can be encoded apart, because no token reaches from something else into a space. */
function wordPattern(vocabulary: ScoredVocabulary): RegExp | undefined {
  const { space, tokens, formed } = vocabulary;
  const across = new RegExp(`[^${space}]${space}`, "u");
  if (tokens.some((token, id) => formed(id) && across.test(token))) return undefined;
  return new RegExp(`${space}*[^${space}]+|${space}+`, "gu");
}

/** Checks that there are as many scores as tokens. */
export function assertScores(tokens: number, scores: number, where: string): void {
  if (tokens !== scores) throw new UserError(`${tokens} tokens have ${scores} scores`, { where });
}
