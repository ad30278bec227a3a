/** How likely continuations are, on our engine: what the tasks and the server share. */
import { type ExecutionBackend, free, scope, type Tensor } from "../../engine/index.js";
import { UserError } from "../../errors.js";
import {
  flopsPerToken,
  type LeakOptions,
  leaks,
  type Model,
  type ModelConfig,
  mayBranch,
  refuseLeaks,
} from "../../model/index.js";
import type { TokenRequest } from "./encode.js";
import type { Beginnings } from "./memory.js";
import { packedReader } from "./packedReader.js";
import { rowsOf } from "./plan.js";
import { predictor } from "./predictions.js";
import { emptyScores, type TokenScores } from "./tokenScores.js";
import { turnReader } from "./turnReader.js";

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
 * A function that scores continuations.
 *
 * What several requests begin with, such as a question in front of all its answers, is read once; rows come in few lengths,
 * each of which is compiled once; only places that are asked about go through the head. A model of attention reads sequences
 * side by side in one row; others read each in its own, padded at the end, where nothing sees it. Batches, order and company
 * change a log-likelihood by no more than rounding within the model does.
 *
 * A model that sees the future, where that is allowed, reads each request by itself and unpadded.
 *
 * @param model best `rounded`, where its linear layers are ternary
 * @throws UserError for a model that sees the future; from the function, for an id outside the vocabulary or a sequence longer than the model's context;
 * the reason of `signal` when it is aborted
 */
export function scorer(model: Model<Tensor>, options: ScorerOptions = {}): Scorer {
  const { config } = model;
  const { batchTokens = 2048, batchSize = Number.POSITIVE_INFINITY, backend = "graph" } = options;
  for (const [name, value] of Object.entries({ batchTokens, batchSize })) {
    if (!(value >= 1)) throw new UserError(`${name} is ${value}`, { where: "evals", expected: "a number from 1" });
  }
  refuseLeaks(config, "Evaluating", options);
  const causal = leaks(config).length === 0;
  const plan = {
    batchTokens,
    leastTokens: leastTokens(config),
    batchRows: batchSize,
    longest: config.context,
    unpadded: !causal,
  };
  const beginnings = causal ? options.beginnings : undefined;
  // Beginnings that are kept must be read before their ends.
  const packed = causal && beginnings === undefined && mayBranch(config);
  const reader = packed ? packedReader(model, plan, backend) : turnReader(model, plan, backend, beginnings);
  const answer = predictor(model, backend);

  return async (requests, { progress, signal } = {}) => {
    for (const request of requests) check(request, config);
    const answers = requests.map(({ continuation: { length } }) => emptyScores(length));
    const rows = rowsOf(requests, causal);
    const { readings, known } = reader(rows, answers);
    const total = rows.reduce((count, { wanted }) => count + wanted.length, 0);
    let scored = known;
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
