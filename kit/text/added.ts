import { literal } from "./literal.js";

/** A token that is found in a text before anything is merged. */
export type AddedToken = {
  readonly id: number;
  /** What to look for. */
  readonly content: string;
  /** A marker, not text. */
  readonly special: boolean;
  /** Found in the normalised text instead of in the text as given. */
  readonly normalized: boolean;
  /** Found only where no letter or digit touches it. */
  readonly singleWord: boolean;
  /** Takes the white space before it along. */
  readonly lstrip: boolean;
  /** Takes the white space after it along. */
  readonly rstrip: boolean;
};

/** A special token that is found in the text as given, wherever it stands. */
export function marker(content: string, id: number): AddedToken {
  return { id, content, special: true, normalized: false, singleWord: false, lstrip: false, rstrip: false };
}

/** A stretch of text, or the id of an added token with the place where it begins. */
export type Section = { readonly text: string; readonly at: number } | { readonly id: number; readonly at: number };

/** Finds added tokens in a text: the leftmost first, the longest where several begin together. */
export type AddedFinder = (text: string, parseSpecial: boolean) => Section[];

/**
 * A finder for a list of added tokens.
 *
 * @param added what to find; `content` must already be normalised where the text will be
 * @returns the finder
 */
export function addedFinder(added: readonly AddedToken[]): AddedFinder {
  const all = compile(added.filter((token) => token.content !== ""));
  const plain = compile(added.filter((token) => token.content !== "" && !token.special));
  return (text, parseSpecial) => {
    const search = parseSpecial ? all : plain;
    return search === undefined ? [{ text, at: 0 }] : search(text);
  };
}

function compile(added: readonly AddedToken[]): ((text: string) => Section[]) | undefined {
  if (added.length === 0) return undefined;
  const byContent = new Map(added.map((token) => [token.content, token]));
  const alternatives = [...byContent.keys()].sort((a, b) => b.length - a.length).map(literal);
  const expression = new RegExp(alternatives.join("|"), "gu");
  return (text) => {
    const sections: Section[] = [];
    let end = 0;
    for (const match of text.matchAll(expression)) {
      const token = byContent.get(match[0]);
      if (token === undefined) continue;
      let start = match.index;
      let stop = start + match[0].length;
      if (
        token.singleWord &&
        (WORD_END.test(text.slice(Math.max(0, start - 2), start)) || WORD_START.test(text.slice(stop, stop + 2)))
      )
        continue;
      if (token.lstrip) while (start > end && WHITE_SPACE.test(text[start - 1])) start--;
      if (token.rstrip) while (stop < text.length && WHITE_SPACE.test(text[stop])) stop++;
      if (start > end) sections.push({ text: text.slice(end, start), at: end });
      sections.push({ id: token.id, at: start });
      end = stop;
    }
    if (end < text.length) sections.push({ text: text.slice(end), at: end });
    return sections;
  };
}

const WHITE_SPACE = /\p{White_Space}/u;
const WORD_END = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]$/u;
const WORD_START = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]/u;
