import { UserError } from "../errors.js";
import { byteCharacters, byteLevelSpelling } from "./byteLevel.js";
import { learnMerges } from "./learnMerges.js";
import { splitting } from "./splitting.js";

/** How to train a tokenizer. */
export type TrainBpeOptions = {
  /** Number of tokens in all: special ones, the 256 bytes and what is learnt; fewer where the texts give no more. */
  readonly vocab: number;
  /** Special tokens, which get the first ids; default `["<|endoftext|>"]`. */
  readonly special?: readonly string[];
  /** Special token that the template puts before a text (`encode(text, { addSpecial: true })`); default none. */
  readonly begin?: string;
  /** A pair must occur this often to be merged; default 0, as in `tokenizers`. */
  readonly minFrequency?: number;
  /** The `pre_tokenizer`, which must end in ByteLevel; default ByteLevel with GPT-2's pattern. */
  readonly preTokenizer?: object;
};

/** A value that can be written as `tokenizer.json` and read by Hugging Face's libraries. */
export type TokenizerJson = {
  readonly version: "1.0";
  readonly truncation: null;
  readonly padding: null;
  readonly added_tokens: readonly {
    readonly id: number;
    readonly content: string;
    readonly single_word: boolean;
    readonly lstrip: boolean;
    readonly rstrip: boolean;
    readonly normalized: boolean;
    readonly special: boolean;
  }[];
  readonly normalizer: null;
  readonly pre_tokenizer: object;
  readonly post_processor: object;
  readonly decoder: object;
  readonly model: {
    readonly type: "BPE";
    readonly dropout: null;
    readonly unk_token: null;
    readonly continuing_subword_prefix: null;
    readonly end_of_word_suffix: null;
    readonly fuse_unk: boolean;
    readonly byte_fallback: boolean;
    readonly ignore_merges: boolean;
    readonly vocab: { readonly [token: string]: number };
    readonly merges: readonly (readonly [string, string])[];
  };
};

const BYTE_LEVEL = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };

/**
 * Trains a byte-level BPE tokenizer; the same texts and options give the same tokenizer everywhere.
 *
 * Merges the most frequent pair again and again. Of equally frequent pairs the one with the smaller left id wins, then
 * the one with the smaller right id. Ids: special tokens, the 256 bytes in the order of their spelling, then merges.
 * The result equals that of `tokenizers`' `BpeTrainer` with the same settings and the whole byte alphabet.
 *
 * @param texts texts, read once
 * @param options size, special tokens, splitting
 * @returns the tokenizer, ready for `JSON.stringify` and for `tokenizerFromJson`
 * @throws UserError when the vocabulary has no room for the bytes, or an option is wrong
 */
export function trainBpe(texts: Iterable<string>, options: TrainBpeOptions): TokenizerJson {
  const { vocab, special = ["<|endoftext|>"], begin, minFrequency = 0, preTokenizer = BYTE_LEVEL } = options;
  const least = special.length + byteCharacters.length;
  if (!Number.isInteger(vocab) || vocab < least || vocab > 1 << 20) {
    throw new UserError(`the vocabulary size is ${vocab}`, {
      where: "trainBpe",
      expected: `an integer from ${least} (${special.length} special tokens and 256 bytes) to 1048576`,
    });
  }
  if (begin !== undefined && !special.includes(begin)) {
    throw new UserError(`"${begin}" is no special token`, { where: "trainBpe: begin", expected: special.join(", ") });
  }
  if (new Set([...special, ...byteCharacters]).size !== least) {
    throw new UserError("special tokens must differ from each other and have two characters or more", {
      where: "trainBpe: special",
    });
  }
  const { split, byteLevel } = splitting(preTokenizer);
  if (!byteLevel) throw new UserError("the pre-tokenizer must end in ByteLevel", { where: "trainBpe: preTokenizer" });

  const alphabet = [...byteCharacters].sort((a, b) => a.charCodeAt(0) - b.charCodeAt(0));
  const { tokens, merges } = learnMerges({
    words: countWords(texts, (text) => split(text, true)),
    tokens: [...special, ...alphabet],
    vocab,
    minFrequency,
  });
  const marker = (content: string): object => ({ SpecialToken: { id: content, type_id: 0 } });
  const sequence = { Sequence: { id: "A", type_id: 0 } };
  const other = { Sequence: { id: "B", type_id: 1 } };
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: special.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: preTokenizer,
    post_processor:
      begin === undefined
        ? { type: "ByteLevel", add_prefix_space: true, trim_offsets: false, use_regex: true }
        : {
            type: "TemplateProcessing",
            single: [marker(begin), sequence],
            pair: [marker(begin), sequence, marker(begin), other],
            special_tokens: { [begin]: { id: begin, ids: [special.indexOf(begin)], tokens: [begin] } },
          },
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: merges.map(([left, right]) => [tokens[left], tokens[right]] as const),
    },
  };
}

/** How often each word occurs, spelt in the byte-level alphabet. */
function countWords(texts: Iterable<string>, split: (text: string) => string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const word of split(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return new Map(Array.from(counts, ([word, count]) => [byteLevelSpelling(word), count]));
}
