import { UserError } from "../errors.js";
import { tokenizerFromJson } from "./json.js";
import { pieceTokenizer, present, TokenType } from "./sentencepiece.js";
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

const GPT2 = [{ type: "ByteLevel", add_prefix_space: false, use_regex: true }];
const DIGITS = { type: "Digits", individual_digits: true };
const byPattern = (Regex: string): object[] => [
  { type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false },
  { type: "ByteLevel", add_prefix_space: false, use_regex: false },
];
const LLAMA3 =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** Pre-tokenizers of Llama-architecture models, by llama.cpp's names, in the words of `tokenizer.json`. */
const PRE_TOKENIZERS: { readonly [name: string]: readonly object[] } = {
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
  if (vocabulary.model === "gpt2") return tokenizerFromJson(asJson(vocabulary), roles(vocabulary));
  if (vocabulary.model === "llama") return asPieces(vocabulary);
  throw new UserError(`the vocabulary "${vocabulary.model}" is not supported`, {
    where: "tokenizer.ggml.model",
    expected: "gpt2 or llama",
  });
}

function asJson(vocabulary: GgufVocabulary): object {
  const { tokens, types, bos, eos } = vocabulary;
  const name = vocabulary.pre ?? "gpt-2";
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
    return [{ id, content, special: type === TokenType.control, normalized: false }];
  });
  const marker = (id: number): object => ({ SpecialToken: { id: tokens[id], type_id: 0 } });
  return {
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: { type: "Sequence", pretokenizers: steps },
    post_processor: {
      type: "TemplateProcessing",
      single: [
        ...(vocabulary.addBos && bos !== undefined ? [marker(bos)] : []),
        { Sequence: { id: "A", type_id: 0 } },
        ...(vocabulary.addEos && eos !== undefined ? [marker(eos)] : []),
      ],
    },
    decoder: { type: "ByteLevel" },
    model: {
      type: "BPE",
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: vocabulary.merges ?? [],
      // Llama 3 takes a word that is a token whole; llama.cpp does so by the name of the pre-tokenizer.
      ignore_merges: name === "llama-bpe" || name === "llama3",
    },
  };
}

function roles(vocabulary: GgufVocabulary): object {
  const { tokens } = vocabulary;
  const named = (id: number | undefined): string | undefined => (id === undefined ? undefined : tokens[id]);
  return {
    bos_token: named(vocabulary.bos),
    eos_token: named(vocabulary.eos),
    pad_token: named(vocabulary.padding),
    unk_token: named(vocabulary.unknown),
  };
}

function asPieces(vocabulary: GgufVocabulary): Tokenizer {
  const { tokens, bos, eos, padding, unknown } = vocabulary;
  if (vocabulary.scores === undefined) {
    throw new UserError("the vocabulary has no scores", { where: "tokenizer.ggml.scores" });
  }
  return pieceTokenizer({
    tokens,
    scores: vocabulary.scores,
    types: vocabulary.types ?? new Int32Array(tokens.length).fill(TokenType.normal),
    special: present({ bos, eos, pad: padding, unk: unknown }),
    dummyPrefix: vocabulary.addSpacePrefix ?? true,
    collapseSpaces: false,
    unkSurface: " \u2047 ",
    before: (vocabulary.addBos ?? true) && bos !== undefined ? [bos] : [],
    after: vocabulary.addEos && eos !== undefined ? [eos] : [],
  });
}
