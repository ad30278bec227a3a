import { UserError } from "../errors.js";

/** How a tokenizer came to its tokens. */
export type TokenizerKind = "byte-level-bpe" | "bpe" | "sentencepiece-bpe" | "llama2c-bpe";

/** Ids with a role; a role the tokenizer does not have is absent. */
export type SpecialIds = {
  /** Begins a text. */
  readonly bos?: number;
  /** Ends a text. */
  readonly eos?: number;
  /** Fills a batch. */
  readonly pad?: number;
  /** Stands for what the vocabulary cannot spell. */
  readonly unk?: number;
};

/** Options of {@link Tokenizer.encode}. */
export type EncodeOptions = {
  /** Add what the tokenizer's own template puts around a text, such as the id that begins it; default `false`. */
  readonly addSpecial?: boolean;
  /**
   * Read special tokens spelt out in the text (`<|im_start|>`) as their ids; default `true`, but `false` for the kinds
   * `sentencepiece-bpe` and `llama2c-bpe`, whose own encoders take them for text.
   */
  readonly parseSpecial?: boolean;
};

/** Options of {@link Tokenizer.decode}. */
export type DecodeOptions = {
  /** Leave special tokens out; default `false`. */
  readonly skipSpecial?: boolean;
};

/**
 * Text to ids and back.
 *
 * One law holds for every kind: the text of some ids is the UTF-8 reading of their {@link Tokenizer.bytes}, one after
 * another, less at most {@link Tokenizer.leading} spaces in front. Streaming and byte counts follow from it.
 */
export type Tokenizer = {
  readonly kind: TokenizerKind;
  /** Ids are integers from 0 to `vocab - 1`. */
  readonly vocab: number;
  readonly special: SpecialIds;
  /** Spaces that encoding puts in front of a text and decoding takes away again. */
  readonly leading: number;
  /**
   * Ids of a text; by default of the text alone, without an id that begins it.
   *
   * What no token spells becomes the unknown token, or is left out where there is none: so do the references.
   * @throws UserError for a lone surrogate, which no UTF-8 text contains
   */
  encode(text: string, options?: EncodeOptions): Int32Array;
  /**
   * Text of some ids; `decode(encode(text))` is `text` where the vocabulary has every byte.
   *
   * Bytes that are no UTF-8 become U+FFFD by the rule of the WHATWG encoding standard. Nothing is tidied up.
   * @throws UserError for an id outside the vocabulary
   */
  decode(ids: Iterable<number>, options?: DecodeOptions): string;
  /** Bytes one id stands for, perhaps only part of a character. Not to be written to. */
  bytes(id: number): Uint8Array;
  /** The token as its vocabulary spells it (`Ġthe`, `▁the`, `<0x0A>`). */
  tokenOf(id: number): string;
  /** The id of a token spelt as in its vocabulary. */
  idOf(token: string): number | undefined;
  /** Whether an id is a marker and not text. */
  isSpecial(id: number): boolean;
};

/** What a reader of one file format provides; {@link makeTokenizer} adds what all tokenizers share. */
export type TokenizerParts = {
  readonly kind: TokenizerKind;
  /** Token of each id; `undefined` where the file leaves a hole. */
  readonly tokens: readonly (string | undefined)[];
  /** Bytes of a token, asked once for each id. */
  readonly bytes: (token: string, id: number) => Uint8Array;
  readonly special: SpecialIds;
  readonly markers: ReadonlySet<number>;
  readonly leading: number;
  /** Ids the tokenizer's template puts before and after a text. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** Whether special tokens are read where nothing is said of them; default `true`. */
  readonly parseSpecial?: boolean;
  /** Appends the ids of a well-formed text. */
  readonly encode: (text: string, parseSpecial: boolean, out: Ids) => void;
};

/** A growing list of ids. */
export class Ids {
  private data: Int32Array = new Int32Array(64);
  length = 0;

  push(id: number): void {
    if (this.length === this.data.length) this.reserve(1);
    this.data[this.length++] = id;
  }

  append(ids: ArrayLike<number>, count: number = ids.length): void {
    if (this.length + count > this.data.length) this.reserve(count);
    for (let i = 0; i < count; i++) this.data[this.length + i] = ids[i];
    this.length += count;
  }

  /** The ids from `begin` on, as an array of their own. */
  copy(begin = 0): Int32Array {
    return this.data.slice(begin, this.length);
  }

  private reserve(count: number): void {
    const bigger = new Int32Array(Math.max(this.data.length * 2, this.length + count));
    bigger.set(this.data);
    this.data = bigger;
  }
}

/** A {@link Tokenizer} from its parts. */
export function makeTokenizer(parts: TokenizerParts): Tokenizer {
  const { tokens, special, markers, leading } = parts;
  const vocab = tokens.length;
  const ids = new Map<string, number>();
  tokens.forEach((token, id) => {
    if (token !== undefined && !ids.has(token)) ids.set(token, id);
  });
  const table: (Uint8Array | undefined)[] = new Array(vocab);
  const check = (id: number): void => {
    if (!Number.isInteger(id) || id < 0 || id >= vocab) {
      throw new UserError(`there is no token ${id}`, {
        where: "tokenizer",
        expected: `an integer from 0 to ${vocab - 1}`,
      });
    }
  };
  const bytes = (id: number): Uint8Array => {
    check(id);
    table[id] ??= tokens[id] === undefined ? new Uint8Array(0) : parts.bytes(tokens[id], id);
    return table[id];
  };
  return {
    kind: parts.kind,
    vocab,
    special,
    leading,
    encode(text, { addSpecial = false, parseSpecial = parts.parseSpecial ?? true } = {}): Int32Array {
      assertWellFormed(text);
      const out = new Ids();
      if (addSpecial) out.append(parts.before);
      if (text !== "") parts.encode(text, parseSpecial, out);
      if (addSpecial) out.append(parts.after);
      return out.copy();
    },
    decode(list, { skipSpecial = false } = {}): string {
      const chunks: Uint8Array[] = [];
      for (const id of list) {
        const chunk = bytes(id);
        if (!skipSpecial || !markers.has(id)) chunks.push(chunk);
      }
      const all = Buffer.concat(chunks);
      let start = 0;
      while (start < leading && all[start] === SPACE) start++;
      return new TextDecoder("utf-8", { ignoreBOM: true }).decode(all.subarray(start));
    },
    bytes,
    tokenOf(id): string {
      check(id);
      return tokens[id] ?? "";
    },
    idOf: (token) => ids.get(token),
    isSpecial: (id) => markers.has(id),
  };
}

/** The byte of a space. */
export const SPACE = 0x20;

/** Room for ids that a model's table may have beyond its tokenizer's: tables are padded to round sizes. */
const PADDING = 1024;

/**
 * Checks that a tokenizer belongs to a model with `vocab` rows in its embedding.
 *
 * @param tokenizer the tokenizer
 * @param vocab rows of the model's embedding
 * @param where what to name in the error, such as the model's folder
 * @throws UserError when an id could fall outside the table, or when the table is over 1,024 rows larger
 */
export function assertFits(tokenizer: Tokenizer, vocab: number, where?: string): void {
  if (tokenizer.vocab <= vocab && vocab - tokenizer.vocab < PADDING) return;
  throw new UserError(`the tokenizer has ${tokenizer.vocab} tokens, the model's embedding has ${vocab} rows`, {
    where,
    expected: "the tokenizer the model was trained with (a model may have up to 1,023 unused rows)",
    fix: "Load the tokenizer from the model's own folder",
  });
}

function assertWellFormed(text: string): void {
  // Node 20 has it; the language level the kit compiles for does not declare it.
  if ((text as string & { isWellFormed(): boolean }).isWellFormed()) return;
  const at = text.search(/\p{Surrogate}/u);
  const unit = text.charCodeAt(at).toString(16).toUpperCase();
  throw new UserError(`the text has a lone surrogate U+${unit} at position ${at}`, {
    where: "encode",
    expected: "well-formed Unicode",
    fix: "Replace it, for example with text.toWellFormed()",
  });
}
