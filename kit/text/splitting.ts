import { UserError } from "../errors.js";
import { GPT2_PATTERN } from "./byteLevel.js";
import { translatePattern } from "./library.js";
import { literal } from "./literal.js";
import { asList, asRecord, asString, type JsonRecord } from "./record.js";

/** Cuts a text into pieces that are encoded apart; `first` is true for what stands at the beginning of the input. */
export type Splitter = (text: string, first: boolean) => string[];

/** What becomes of the matches of a pattern, named as in `tokenizer.json`. */
type Behaviour = "Isolated" | "Removed" | "Contiguous" | "MergedWithPrevious" | "MergedWithNext";

/** A splitter, and whether the pieces are then spelt in the byte-level alphabet. */
export type Splitting = { readonly split: Splitter; readonly byteLevel: boolean };

/**
 * The `pre_tokenizer` of a `tokenizer.json` as a function.
 *
 * The patterns are translated by `@huggingface/tokenizers`; the cutting is ours, because version 0.2.0 of the library
 * knows only ASCII digits, JavaScript's idea of a space, and two of the five ways to treat a match.
 *
 * @param config the value of `pre_tokenizer`, or `null`
 * @returns the splitter
 * @throws UserError for a pre-tokenizer that is not supported
 */
export function splitting(config: unknown): Splitting {
  if (config === null || config === undefined) return { split: (text) => [text], byteLevel: false };
  const record = asRecord(config, "pre_tokenizer");
  if (record.type !== "Sequence") return one(record);
  const steps = asList(record.pretokenizers, "pre_tokenizer.pretokenizers").map((step, i) =>
    one(asRecord(step, `pre_tokenizer.pretokenizers[${i}]`)),
  );
  if (steps.slice(0, -1).some((step) => step.byteLevel)) {
    throw new UserError("a step after the ByteLevel pre-tokenizer is not supported", { where: "pre_tokenizer" });
  }
  const split: Splitter = (text, first) =>
    steps.reduce<string[]>((pieces, step) => pieces.flatMap((piece, i) => step.split(piece, first && i === 0)), [text]);
  return {
    split: steps.length === 1 ? steps[0].split : split,
    byteLevel: steps.length > 0 && steps[steps.length - 1].byteLevel,
  };
}

function one(config: JsonRecord): Splitting {
  const type = String(config.type);
  const plain = (split: Splitter): Splitting => ({ split, byteLevel: false });
  switch (type) {
    case "ByteLevel": {
      const cut = (config.use_regex ?? true) ? splitter(pattern({ Regex: GPT2_PATTERN }), "Isolated", false) : whole;
      const prefix = config.add_prefix_space ?? true;
      const split: Splitter = (text) => cut(prefix && !text.startsWith(" ") ? ` ${text}` : text);
      return { split, byteLevel: true };
    }
    case "Digits":
      return plain(splitter(/\p{N}/gu, config.individual_digits ? "Isolated" : "Contiguous", false));
    case "Split":
      return plain(splitter(pattern(config.pattern), behaviour(config.behavior), config.invert === true));
    case "Punctuation":
      return plain(splitter(/[\p{P}!-/:-@[-`{-~]/gu, behaviour(config.behavior ?? "Isolated"), false));
    case "Whitespace":
      return plain(splitter(new RegExp(`[${WORD}]+|[^${WORD}\\p{White_Space}]+`, "gu"), "Removed", true));
    case "WhitespaceSplit":
      return plain(splitter(/\p{White_Space}/gu, "Removed", false));
    case "Metaspace":
      return plain(metaspace(config));
    default:
      throw new UserError(`the pre-tokenizer ${type} is not supported`, {
        where: "pre_tokenizer",
        expected: "ByteLevel, Digits, Split, Punctuation, Whitespace, WhitespaceSplit, Metaspace or a Sequence of them",
      });
  }
}

/** What `\w` means to the `regex` crate. */
const WORD = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}";

const whole = (text: string): string[] => [text];

function metaspace(config: JsonRecord): Splitter {
  const mark = asString(config.replacement ?? "▁", "pre_tokenizer.replacement");
  const scheme = config.prepend_scheme ?? ((config.add_prefix_space ?? true) ? "always" : "never");
  const cut = (config.split ?? true) ? splitter(everywhere(mark), "MergedWithNext", false) : whole;
  return (text, first) => {
    const marked = text.replaceAll(" ", mark);
    const prepend = !marked.startsWith(mark) && (scheme === "always" || (scheme === "first" && first));
    return cut(prepend ? mark + marked : marked);
  };
}

function behaviour(value: unknown): Behaviour {
  const known: readonly Behaviour[] = ["Isolated", "Removed", "Contiguous", "MergedWithPrevious", "MergedWithNext"];
  const found = known.find((name) => name === value);
  if (found !== undefined) return found;
  throw new UserError(`the splitting behaviour ${String(value)} is not known`, {
    where: "pre_tokenizer",
    expected: known.join(", "),
  });
}

function everywhere(text: string): RegExp {
  return new RegExp(literal(text), "gu");
}

/** A pattern of `tokenizer.json` as a JavaScript expression. */
function pattern(value: unknown): RegExp {
  const record = asRecord(value, "pre_tokenizer.pattern");
  if (record.String !== undefined) return everywhere(asString(record.String, "pre_tokenizer.pattern.String"));
  return translatePattern(asString(record.Regex, "pre_tokenizer.pattern.Regex"));
}

/**
 * Cuts a text by a pattern, as Hugging Face's `tokenizers` does.
 *
 * @param expression a global expression
 * @param behaviour what becomes of the matches
 * @param invert treat what lies between the matches as the matches
 * @returns a function from a text to its pieces, none of them empty
 */
export function splitter(expression: RegExp, behaviour: Behaviour, invert: boolean): (text: string) => string[] {
  if (behaviour === "Removed" && invert) return (text) => text.match(expression) ?? [];
  if (behaviour === "Isolated") return (text) => isolate(text, expression);
  return (text) => {
    const pieces: string[] = [];
    let end = 0;
    const matched: boolean[] = [];
    const add = (piece: string, hit: boolean): void => {
      if (piece === "") return;
      pieces.push(piece);
      matched.push(hit !== invert);
    };
    for (const match of text.matchAll(expression)) {
      add(text.slice(end, match.index), false);
      add(match[0], true);
      end = match.index + match[0].length;
    }
    add(text.slice(end), false);
    return combine(pieces, matched, behaviour);
  };
}

function isolate(text: string, expression: RegExp): string[] {
  const matches = text.match(expression) ?? [];
  let covered = 0;
  for (const match of matches) covered += match.length;
  if (covered === text.length) return matches;
  const pieces: string[] = [];
  let end = 0;
  for (const match of text.matchAll(expression)) {
    if (match.index > end) pieces.push(text.slice(end, match.index));
    if (match[0] !== "") pieces.push(match[0]);
    end = match.index + match[0].length;
  }
  if (end < text.length) pieces.push(text.slice(end));
  return pieces;
}

function combine(pieces: readonly string[], matched: readonly boolean[], behaviour: Behaviour): string[] {
  if (behaviour === "Removed") return pieces.filter((_, i) => !matched[i]);
  const out: string[] = [];
  if (behaviour === "MergedWithNext") {
    // Of several matches in a row only the last joins what follows: read from the end.
    for (let i = pieces.length - 1; i >= 0; i--) {
      const joins = matched[i] && i + 1 < pieces.length && !matched[i + 1];
      if (joins) out[out.length - 1] = pieces[i] + out[out.length - 1];
      else out.push(pieces[i]);
    }
    return out.reverse();
  }
  for (let i = 0; i < pieces.length; i++) {
    const joins = i > 0 && (behaviour === "Contiguous" ? matched[i] === matched[i - 1] : matched[i] && !matched[i - 1]);
    if (joins) out[out.length - 1] += pieces[i];
    else out.push(pieces[i]);
  }
  return out;
}
