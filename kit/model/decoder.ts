import {
  type Compiled,
  carry,
  compile,
  type ExecutionBackend,
  free,
  read,
  type Tensor,
  tensor,
  tree,
} from "../engine/index.js";
import { UserError } from "../errors.js";
import { onceFor } from "./compiled.js";
import type { Model } from "./config.js";
import { type Decoded, type DecodeState, grow, prefill, settle, step } from "./decode.js";

export type DecoderOptions = {
  /** Default `xla`, the fastest measured for single tokens. */
  readonly backend?: ExecutionBackend;
  /** Tokens collected before they are moved into the past. */
  readonly recent?: number;
};

/**
 * Prompts and caches are rounded up to powers of two, so that few shapes are traced. Beside the weights a cache of 256
 * tokens costs nothing, whereas tracing for a larger one takes seconds.
 */
const leastPrompt = 64;
const leastCache = 256;

function sizeClass(length: number, least: number): number {
  return Math.max(least, 2 ** Math.ceil(Math.log2(length)));
}

/**
 * Decodes one batch of sequences at a time: `prompt`, then `next` as often as wanted.
 *
 * A class, because its state has a lifetime: the caches of the running batch. What is compiled is shared by all decoders of a config.
 */
export class Decoder {
  private state: DecodeState | undefined;
  private filled = 0;
  private capacity = 0;
  private waiting = 0;
  private readonly recent: number;
  private readonly stepped: Compiled<[Model<Tensor>["params"], Tensor, DecodeState], Decoded>;
  private readonly settled: Compiled<[DecodeState], DecodeState>;

  constructor(
    private readonly model: Model<Tensor>,
    private readonly options: DecoderOptions = {},
  ) {
    const { config } = model;
    this.recent = options.recent ?? 32;
    this.stepped = this.compiled("step", (params, ids, state) => step({ config, params }, ids, state));
    this.settled = this.compiled("settle", (state) => settle(config, state));
  }

  /** Length of the longest running sequence, in tokens. */
  get length(): number {
    return this.filled + this.waiting;
  }

  /** Bytes of what is remembered of the running batch: of one size for some mixers, growing for attention. */
  get stateBytes(): number {
    return tree.leaves<Tensor>(this.state).reduce((bytes, { size }) => bytes + 4 * size, 0);
  }

  /**
   * Forgets the running batch and reads a new one.
   *
   * @param prompts At least one id each; lengths may differ.
   * @returns Scores of each sequence's next token, `[B, N]` row-major.
   * @throws UserError when a prompt is empty or longer than the model's context, or an id is not in the vocabulary.
   */
  prompt(prompts: readonly ArrayLike<number>[]): Float32Array {
    this.reset();
    const { config } = this.model;
    const longest = Math.max(...prompts.map((ids) => ids.length));
    if (prompts.length === 0 || prompts.some((ids) => ids.length === 0))
      throw new UserError("decode: a prompt is empty");
    for (const ids of prompts) checkIds(ids, config.vocab);
    if (longest > config.context) {
      throw new UserError(`decode: the prompt has ${longest} tokens`, { expected: `at most ${config.context}` });
    }
    const width = sizeClass(longest, leastPrompt);
    this.capacity = sizeClass(longest + this.recent, leastCache);
    this.filled = longest;
    const padded = new Int32Array(prompts.length * width);
    for (const [b, ids] of prompts.entries()) padded.set(ids, b * width);
    return this.take(() =>
      this.prefillFor(this.capacity)(
        this.model.params,
        tensor(padded, [prompts.length, width]),
        tensor(Int32Array.from(prompts, (ids) => ids.length)),
      ),
    );
  }

  /**
   * Appends one token to each sequence.
   *
   * @param ids one for each
   * @returns Scores of each sequence's next token, `[B, N]` row-major.
   * @throws UserError before the first prompt, when the context is full, when there are not as many ids as sequences, or one is
   * not in the vocabulary.
   */
  next(ids: readonly number[]): Float32Array {
    const { state, model } = this;
    if (state === undefined) throw new UserError("decode: next() was called before prompt()");
    checkIds(ids, model.config.vocab);
    const [sequences] = state.clock.past.shape;
    if (ids.length !== sequences) {
      throw new UserError(`decode: ${ids.length} ids`, { expected: `${sequences}, one for each sequence` });
    }
    if (this.length >= model.config.context) {
      throw new UserError(`decode: the context of ${model.config.context} tokens is full`);
    }
    if (this.waiting === this.recent) this.makeRoom();
    this.waiting++;
    return this.take(() => this.stepped(model.params, tensor(Int32Array.from(ids)), this.state!));
  }

  /** Frees the caches. */
  reset(): void {
    free(this.state);
    this.state = undefined;
    this.filled = this.waiting = 0;
  }

  private prefillFor(capacity: number): Compiled<[Model<Tensor>["params"], Tensor, Tensor], Decoded> {
    const { config } = this.model;
    const room = { capacity, recent: this.recent };
    return this.compiled(
      "prefill",
      (params, ids, lengths) => prefill({ config, params }, ids, lengths, room),
      `${capacity} ${this.recent}`,
    );
  }

  /** @param rest what the function closes over besides the config */
  private compiled<Args extends readonly unknown[], Out>(
    name: string,
    fn: (...args: Args) => Out,
    rest = "",
  ): Compiled<Args, Out> {
    const { backend = "xla" } = this.options;
    return onceFor(this.model.config, `${name} ${backend} ${rest}`, () =>
      compile(fn, { backend, newShapes: "expect", name }),
    );
  }

  private makeRoom(): void {
    this.state = carry(this.state!, this.settled);
    this.filled += this.waiting;
    this.waiting = 0;
    if (this.filled + this.recent <= this.capacity) return;
    this.capacity *= 2;
    this.state = carry(this.state, (state) => grow(this.model.config, state, { capacity: this.capacity }));
  }

  private take(decode: () => Decoded): Float32Array {
    const old = this.state;
    let scores = new Float32Array();
    const result = carry(old ?? {}, () => {
      const { logits, state } = decode();
      scores = read(logits) as Float32Array<ArrayBuffer>;
      return state;
    });
    this.state = result;
    return scores;
  }
}

function checkIds(ids: ArrayLike<number>, vocab: number): void {
  const bad = Array.from(ids).find((id) => !Number.isInteger(id) || id < 0 || id >= vocab);
  if (bad !== undefined) throw new UserError(`decode: ${bad} is not a token id`, { expected: `0 to ${vocab - 1}` });
}
