import { UserError } from "../errors.js";
import { tokenizerFromJson } from "./json.js";
import { type PieceVocabulary, pieceTokenizer, present, TokenType } from "./sentencepiece.js";
import { sentencePieceFile } from "./sentencepieceFile.js";
import type { Tokenizer } from "./tokenizer.js";

/** The vocabulary a GGUF file carries, as plain values of its `tokenizer.ggml.*` metadata. */
export type GgufVocabulary = {
  /** `tokenizer.ggml.model`: `gpt2` is byte-level BPE, `llama` is SentencePiece BPE. */
  readonly model: string;
  /** `tokenizer.ggml.pre`: how text is split before merging; only for `gpt2`. */
  readonly pre?: string;
  readonly tokens: readonly string[];
  /** `tokenizer.ggml.token_type`: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte. */
  readonly types?: ArrayLike<number>;
  /** `tokenizer.ggml.merges`, two tokens with a space between; for `gpt2`. */
  readonly merges?: readonly string[];
  /** `tokenizer.ggml.scores`; for `llama`. */
  readonly scores?: ArrayLike<number>;
  readonly bos?: number;
  readonly eos?: number;
  readonly padding?: number;
  readonly unknown?: number;
  readonly addBos?: boolean;
  readonly addEos?: boolean;
  /** `tokenizer.ggml.add_space_prefix`; default `true` for `llama`. */
  readonly addSpacePrefix?: boolean;
};

const GPT2 = [{ type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true }];
const DIGITS = { type: "Digits", individual_digits: true };
const byPattern = (Regex: string): object[] => [
  { type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false },
  { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
];
const LLAMA3 =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** Pre-tokenizers of Llama-architecture models, by llama.cpp's names, in the words of `tokenizer.json`. */
export const PRE_TOKENIZERS: { readonly [name: string]: readonly object[] } = {
  "gpt-2": GPT2,
  smollm: [DIGITS, ...GPT2],
  "llama-bpe": byPattern(LLAMA3),
  llama3: byPattern(LLAMA3),
  qwen2: byPattern(LLAMA3.replace("\\p{N}{1,3}", "\\p{N}")),
};

/**
 * A tokenizer from the vocabulary inside a GGUF file.
 *
 * @param vocabulary the metadata as plain values; the reader of the file is in `weights`
 * @returns the tokenizer
 * @throws UserError for another kind of vocabulary, an unknown pre-tokenizer, or lists that do not belong together
 */
export function tokenizerFromGguf(vocabulary: GgufVocabulary): Tokenizer {
  check(vocabulary);
  return kinds[kindOf(vocabulary)].tokenizer(vocabulary);
}

/**
 * The same tokenizer as the files a Hugging Face folder has for it, by their names: a `tokenizer.json` with its
 * configuration, or a SentencePiece `tokenizer.model`.
 *
 * @throws UserError as {@link tokenizerFromGguf}
 */
export function tokenizerFilesFromGguf(vocabulary: GgufVocabulary): Readonly<Record<string, object>> {
  check(vocabulary);
  return kinds[kindOf(vocabulary)].files(vocabulary);
}

type Kind = {
  readonly tokenizer: (vocabulary: GgufVocabulary) => Tokenizer;
  readonly files: (vocabulary: GgufVocabulary) => Readonly<Record<string, object>>;
};

const kinds: { readonly [Name in "gpt2" | "llama"]: Kind } = {
  gpt2: {
    tokenizer: (vocabulary) => tokenizerFromJson(asJson(vocabulary), roles(vocabulary)),
    files: (vocabulary) => ({ "tokenizer.json": asJson(vocabulary), "tokenizer_config.json": roles(vocabulary) }),
  },
  llama: {
    tokenizer: (vocabulary) => pieceTokenizer(asPieces(vocabulary)),
    files: (vocabulary) => ({ "tokenizer.model": sentencePieceFile(asPieces(vocabulary)) }),
  },
};

function kindOf({ model }: GgufVocabulary): keyof typeof kinds {
  if (model === "gpt2" || model === "llama") return model;
  throw new UserError(`the vocabulary "${model}" is not supported`, {
    where: "tokenizer.ggml.model",
    expected: "gpt2 or llama",
  });
}

function check(vocabulary: GgufVocabulary): void {
  if (vocabulary.tokens.length === 0)
    throw new UserError("the vocabulary is empty", { where: "tokenizer.ggml.tokens" });
  const { bos, eos, padding, unknown } = vocabulary;
  for (const [role, id] of Object.entries({ bos, eos, padding, unknown })) {
    if (id !== undefined && id >= vocabulary.tokens.length) {
      throw new UserError(`the id ${id} is outside the vocabulary`, { where: `tokenizer.ggml.${role}_token_id` });
    }
  }
  if (vocabulary.types !== undefined && vocabulary.types.length !== vocabulary.tokens.length) {
    throw new UserError(`${vocabulary.tokens.length} tokens have ${vocabulary.types.length} types`, {
      where: "tokenizer.ggml.token_type",
    });
  }
}

/** A whole `tokenizer.json`: with every field that Hugging Face's readers insist on. */
function asJson(vocabulary: GgufVocabulary): object {
  const { tokens, types, bos, eos } = vocabulary;
  const name = vocabulary.pre ?? "gpt-2";
  // By the name of the pre-tokenizer llama.cpp knows what else Llama 3 does: a word that is a token is taken whole, and a text
  // begins with bos where the file does not say.
  const llama3 = name === "llama-bpe" || name === "llama3";
  const addBos = vocabulary.addBos ?? llama3;
  const steps = Object.hasOwn(PRE_TOKENIZERS, name) ? PRE_TOKENIZERS[name] : undefined;
  if (steps === undefined) {
    throw new UserError(`the pre-tokenizer "${name}" is not known`, {
      where: "tokenizer.ggml.pre",
      expected: Object.keys(PRE_TOKENIZERS).join(", "),
      fix: "Load the model's tokenizer.json instead",
    });
  }
  const added = tokens.flatMap((content, id) => {
    const type = types?.[id] ?? TokenType.normal;
    if (type !== TokenType.control && type !== TokenType.userDefined) return [];
    const special = type === TokenType.control;
    return [{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special }];
  });
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: { type: "Sequence", pretokenizers: steps },
    post_processor: template(tokens, addBos ? bos : undefined, vocabulary.addEos ? eos : undefined),
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: llama3,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: vocabulary.merges ?? [],
    },
  };
}

/** What stands around a text, and around each of a pair. */
function template(tokens: readonly string[], before: number | undefined, after: number | undefined): object {
  const ids = [before, after].filter((id) => id !== undefined);
  if (ids.length === 0) return { type: "ByteLevel", add_prefix_space: true, trim_offsets: false, use_regex: true };
  const around = (id: "A" | "B", type: number): object[] => {
    const marker = (of: number | undefined): object[] =>
      of === undefined ? [] : [{ SpecialToken: { id: tokens[of], type_id: type } }];
    return [...marker(before), { Sequence: { id, type_id: type } }, ...marker(after)];
  };
  return {
    type: "TemplateProcessing",
    single: around("A", 0),
    pair: [...around("A", 0), ...around("B", 1)],
    special_tokens: Object.fromEntries(
      ids.map((id) => [tokens[id], { id: tokens[id], ids: [id], tokens: [tokens[id]] }]),
    ),
  };
}

/** A `tokenizer_config.json`: the tokens with a role, and that `tokenizer.json` says the rest. */
function roles(vocabulary: GgufVocabulary): object {
  const { tokens } = vocabulary;
  const named = (id: number | undefined): string | undefined => (id === undefined ? undefined : tokens[id]);
  return {
    tokenizer_class: "PreTrainedTokenizerFast",
    clean_up_tokenization_spaces: false,
    bos_token: named(vocabulary.bos),
    eos_token: named(vocabulary.eos),
    pad_token: named(vocabulary.padding),
    unk_token: named(vocabulary.unknown),
  };
}

function asPieces(vocabulary: GgufVocabulary): PieceVocabulary {
  const { tokens, bos, eos, padding, unknown } = vocabulary;
  if (vocabulary.scores === undefined) {
    throw new UserError("the vocabulary has no scores", { where: "tokenizer.ggml.scores" });
  }
  return {
    tokens,
    scores: vocabulary.scores,
    types: vocabulary.types ?? new Int32Array(tokens.length).fill(TokenType.normal),
    special: present({ bos, eos, pad: padding, unk: unknown }),
    dummyPrefix: vocabulary.addSpacePrefix ?? true,
    collapseSpaces: false,
    unkSurface: " \u2047 ",
    before: (vocabulary.addBos ?? true) && bos !== undefined ? [bos] : [],
    after: vocabulary.addEos && eos !== undefined ? [eos] : [],
  };
}
