import { Tokenizer } from "@huggingface/tokenizers";
import { UserError } from "../errors.js";

/** What the kit uses of the library; its own declarations cannot be read by a compiler that follows Node's rules. */
type Library = {
  readonly normalizer: { normalize(text: string): string } | null;
  readonly pre_tokenizer: { readonly pattern: RegExp | null } | null;
};

const SHELL = {
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: null,
  post_processor: null,
  decoder: null,
  model: { type: "BPE", vocab: {}, merges: [] },
};

function library(parts: object): Library {
  return new Tokenizer({ ...SHELL, ...parts }, {}) as Library;
}

/**
 * The `normalizer` of a `tokenizer.json` as a function, by `@huggingface/tokenizers`.
 *
 * @param config the value of `normalizer`, or `null`
 * @returns the function; an empty text stays empty, whatever would be put in front of it
 * @throws UserError for a normaliser the library does not know, or only approximates
 */
export function normalizer(config: unknown): (text: string) => string {
  if (config === null || config === undefined) return (text) => text;
  // The library only approximates a compiled character map, and an approximate tokenizer is a wrong one.
  if (JSON.stringify(config).includes('"Precompiled"')) {
    throw new UserError("a precompiled normaliser is not supported", { where: "normalizer" });
  }
  try {
    const made = library({ normalizer: config }).normalizer;
    return (text) => (text === "" || made === null ? text : made.normalize(text));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`the normaliser cannot be used: ${reason}`, { where: "normalizer" });
  }
}

/**
 * A regular expression of `tokenizer.json`, which is in Oniguruma's dialect, as a JavaScript one.
 *
 * @param source the expression
 * @returns a global expression
 * @throws UserError when it cannot be translated
 */
export function translatePattern(source: string): RegExp {
  try {
    const split = { type: "Split", pattern: { Regex: source }, behavior: "Isolated", invert: false };
    const found = library({ pre_tokenizer: split }).pre_tokenizer?.pattern;
    if (found) return found;
  } catch {
    // The library's message speaks of its translation, not of what the file says.
  }
  throw new UserError(`the pattern ${source} cannot be read`, { where: "pre_tokenizer.pattern.Regex" });
}
