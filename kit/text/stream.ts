import { SPACE, type Tokenizer } from "./tokenizer.js";

/** Options of {@link TextStream}. */
export type TextStreamOptions = {
  /** Ids that came before, such as the prompt's: the stream continues their text and does not repeat it. */
  readonly after?: Iterable<number>;
  /** Strings at which the text ends; they are left out of it. */
  readonly stop?: readonly string[];
  /** Leave special tokens out; default `true`. */
  readonly skipSpecial?: boolean;
};

/**
 * Text of ids that arrive one by one, in whole characters.
 *
 * What `push` and `flush` return, put together, is `decode` of all ids (less what `after` had said, and up to the first
 * stop string). Held back are only bytes of an incomplete character and a possible beginning of a stop string.
 */
export class TextStream {
  private readonly tokenizer: Tokenizer;
  private readonly stop: readonly string[];
  private readonly skipSpecial: boolean;
  private readonly decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  private leading: number;
  private held = "";
  private ended: string | undefined;

  /**
   * @param tokenizer whose ids will be pushed
   * @param options what came before, where to stop, whether markers are shown
   * @throws UserError when `after` has an id outside the vocabulary
   */
  constructor(tokenizer: Tokenizer, options: TextStreamOptions = {}) {
    this.tokenizer = tokenizer;
    this.stop = (options.stop ?? []).filter((text) => text !== "");
    this.skipSpecial = options.skipSpecial ?? true;
    this.leading = tokenizer.leading;
    for (const id of options.after ?? []) this.read(id);
  }

  /** The stop string that was met, if any. */
  get stopped(): string | undefined {
    return this.ended;
  }

  /**
   * Takes one id.
   *
   * @param id the next id
   * @returns the text it completes, often empty; always empty after a stop string
   * @throws UserError for an id outside the vocabulary
   */
  push(id: number): string {
    if (this.ended !== undefined) return "";
    return this.release(this.read(id));
  }

  /**
   * Ends the text.
   *
   * @returns what was held back; bytes that never became a character are U+FFFD
   */
  flush(): string {
    if (this.ended !== undefined) return "";
    const rest = this.release(this.decoder.decode()) + this.held;
    this.held = "";
    return rest;
  }

  private read(id: number): string {
    let bytes = this.tokenizer.bytes(id);
    if (this.skipSpecial && this.tokenizer.isSpecial(id)) return "";
    if (bytes.length === 0) return "";
    let start = 0;
    while (this.leading > 0 && start < bytes.length && bytes[start] === SPACE) {
      start++;
      this.leading--;
    }
    if (start < bytes.length) this.leading = 0;
    bytes = bytes.subarray(start);
    return this.decoder.decode(bytes, { stream: true });
  }

  private release(text: string): string {
    if (this.stop.length === 0) return text;
    this.held += text;
    let first = -1;
    // Of several the one that is complete first, then the longest: so it does not matter how the text was cut into ids.
    let completed = Number.POSITIVE_INFINITY;
    for (const stop of this.stop) {
      const at = this.held.indexOf(stop);
      const end = at + stop.length;
      if (at < 0 || end > completed || (end === completed && at >= first)) continue;
      [first, completed] = [at, end];
      this.ended = stop;
    }
    const end = first >= 0 ? first : this.held.length - this.possibleStop();
    const out = this.held.slice(0, end);
    this.held = first >= 0 ? "" : this.held.slice(end);
    return out;
  }

  /** Length of the longest end of the held text with which a stop string begins. */
  private possibleStop(): number {
    let longest = 0;
    for (const stop of this.stop) {
      for (let length = Math.min(stop.length - 1, this.held.length); length > longest; length--) {
        if (this.held.endsWith(stop.slice(0, length))) longest = length;
      }
    }
    return longest;
  }
}
