/** How likely continuations are, on our engine: what the tasks and the server share. */
import { compile, type ExecutionBackend, free, reshape, scope, type Tensor, tensor } from "../../engine/index.js";
import { UserError } from "../../errors.js";
import {
  type DecodeState,
  flopsPerToken,
  hidden,
  type LeakOptions,
  leaks,
  type Model,
  type ModelConfig,
  type ModelParams,
  refuseLeaks,
} from "../../model/index.js";
import { branchReader, placesOfBundles, placesOfEnds } from "./branches.js";
import { batchBundles, bundlesOf } from "./bundles.js";
import type { TokenRequest } from "./encode.js";
import { type Beginnings, recall, trunksOf } from "./memory.js";
import { batchRows, type Placed, placesOfRows, type RowBatch, rowsOf } from "./plan.js";
import { predictor } from "./predictions.js";
import { emptyScores, type TokenScores } from "./tokenScores.js";

/** How far a scorer is. */
export type ScoreOptions = {
  /** Called after each batch with the predictions made so far and in all. */
  readonly progress?: (scored: number, total: number) => void;
  /** Stops between two batches. */
  readonly signal?: AbortSignal;
};

/** Answers requests, in their order; see {@link scorer}. */
export type Scorer = (requests: readonly TokenRequest[], options?: ScoreOptions) => Promise<TokenScores[]>;

export type ScorerOptions = LeakOptions & {
  /** Most ids read at once, padding included; default 2,048. */
  readonly batchTokens?: number;
  /** Most sequences read at once; default as many as `batchTokens` allow. */
  readonly batchSize?: number;
  /** What is kept from call to call of beginnings that several requests had in common; default nothing. */
  readonly beginnings?: Beginnings;
  /** Default `graph`, which needs no long compilation for each of the few shapes. */
  readonly backend?: ExecutionBackend;
};

/**
 * What is read at once: the residual stream behind the last norm of some places, `[·, D]`, what is wanted of which, and what
 * is done before those are forgotten, when the answers are there.
 */
type Reading = {
  readonly wanted: readonly Placed[];
  readonly read: () => { readonly x: Tensor; readonly trunks?: DecodeState };
  readonly done?: (trunks: DecodeState) => void;
};

/**
 * A function that scores continuations.
 *
 * Requests are sorted by length and padded to few lengths, each of which is compiled once; what one begins with another is
 * read once, and so is a long beginning of several, such as the examples in front of a question and all its answers; only
 * places that are asked about go through the head. Padding stands behind the sequences and is never seen. Batches,
 * order and company change a log-likelihood by no more than rounding within the model does.
 *
 * A model that sees the future, where that is allowed, reads each request by itself and unpadded.
 *
 * @param model best `rounded`, where its linear layers are ternary
 * @throws UserError for a model that sees the future; from the function, for an id outside the vocabulary or a sequence longer than the model's context;
 * the reason of `signal` when it is aborted
 */
export function scorer({ config, params }: Model<Tensor>, options: ScorerOptions = {}): Scorer {
  const { batchTokens = 2048, batchSize = Number.POSITIVE_INFINITY, backend = "graph" } = options;
  for (const [name, value] of Object.entries({ batchTokens, batchSize })) {
    if (!(value >= 1)) throw new UserError(`${name} is ${value}`, { where: "evals", expected: "a number from 1" });
  }
  refuseLeaks(config, "Evaluating", options);
  const causal = leaks(config).length === 0;
  const beginnings = causal ? options.beginnings : undefined;
  const compiling = { backend, newShapes: "expect" } as const;
  const stream = compile(
    (params: ModelParams<Tensor>, ids: Tensor) => reshape(hidden({ config, params }, ids), [-1, config.width]),
    { ...compiling, name: "evals" },
  );
  const plan = {
    batchTokens,
    leastTokens: leastTokens(config),
    batchRows: batchSize,
    longest: config.context,
    unpadded: !causal,
  };
  const branches = branchReader(config, backend);
  const answer = predictor({ config, params }, backend);

  return async (requests, { progress, signal } = {}) => {
    for (const request of requests) check(request, config);
    const answers = requests.map(({ continuation: { length } }) => emptyScores(length));
    const rows = rowsOf(requests, causal);
    const { known, others } = beginnings?.divide(rows, plan) ?? { known: [], others: rows };
    const { alone, bundles } = causal ? bundlesOf(others, plan) : { alone: rows, bundles: [] };
    const readings: readonly Reading[] = [
      ...batchBundles(known, plan).map((batch) => ({
        wanted: placesOfEnds(batch),
        read: () => ({ x: branches.ends(params, batch, trunksOf(config, batch)) }),
      })),
      ...batchBundles(bundles, plan).map((batch) => ({
        wanted: placesOfBundles(batch),
        read: () => branches.whole(params, batch),
        done: beginnings && ((trunks: DecodeState) => beginnings.keep(batch, trunks, answers)),
      })),
      ...batchRows(alone, plan).map((batch) => ({
        wanted: placesOfRows(batch),
        read: () => ({ x: stream(params, padded(batch)) }),
      })),
    ];
    const total = rows.reduce((count, { wanted }) => count + wanted.length, 0);
    let scored = recall(known, answers);
    for (const { wanted, read, done } of readings) {
      signal?.throwIfAborted();
      const trunks = scope(() => {
        const { x, trunks } = read();
        answer(x, wanted, answers);
        return trunks;
      });
      if (trunks !== undefined) done?.(trunks);
      free(trunks);
      scored += wanted.length;
      progress?.(scored, total);
      // Timers, signals and other requests get their turn.
      await new Promise((resume) => setImmediate(resume));
    }
    return answers;
  };
}

/** What a batch costs besides its ids, as floating-point operations that take as long: measured with TinyStories-656K on two cores. */
const BATCH_FLOPS = 2.5e9;

/** Ids that a batch should have: a small model reads many in the time a batch costs besides, a large one has shapes to compile. */
function leastTokens(config: ModelConfig): number {
  return Math.max(512, BATCH_FLOPS / flopsPerToken(config, 0));
}

/** Ids of a batch, `[count, length]`; what no row covers is 0. */
function padded({ rows, length, count }: RowBatch): Tensor {
  const ids = new Int32Array(count * length);
  for (const [i, row] of rows.entries()) ids.set(row.ids, i * length);
  return tensor(ids, [count, length]);
}

function check({ context, continuation }: TokenRequest, config: Model<Tensor>["config"]): void {
  const length = context.length + continuation.length - 1;
  if (context.length === 0 || length > config.context) {
    throw new UserError(`a request reads ${length} tokens, ${context.length} of them context`, {
      where: "evals",
      expected: `1 to ${config.context}, at least one of context`,
    });
  }
  for (const ids of [context, continuation]) {
    const bad = ids.find((id) => !(id >= 0 && id < config.vocab));
    if (bad !== undefined) {
      throw new UserError(`${bad} is not a token id`, { where: "evals", expected: `0 to ${config.vocab - 1}` });
    }
  }
}
