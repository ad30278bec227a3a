/** How likely continuations are, on our engine: what the tasks and the server share. */
import { compile, type ExecutionBackend, read, reshape, scope, type Tensor, tensor } from "../../engine/index.js";
import { UserError } from "../../errors.js";
import { hidden, type LeakOptions, leaks, type Model, type ModelParams, refuseLeaks } from "../../model/index.js";
import { branchReader, wantedOfBranches } from "./branches.js";
import { batchBundles, bundlesOf } from "./bundles.js";
import type { TokenRequest } from "./encode.js";
import { batchRows, type Placed, type RowBatch, rowsOf, wantedOfRows } from "./plan.js";
import { predictionsAt } from "./predictions.js";

/** What a model says of a continuation, token by token. */
export type TokenScores = {
  /** `log p` of each token given all before it, in nats. */
  readonly logLikelihoods: Float32Array;
  /** The token the model would have chosen in its place. */
  readonly best: Int32Array;
  /** Its `log p`: the same number as the token's own where that is the best. */
  readonly bestLogLikelihoods: Float32Array;
};

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
  /** Default `graph`, which needs no long compilation for each of the few shapes. */
  readonly backend?: ExecutionBackend;
};

/** What is read at once, the residual stream behind the last norm of some places, `[·, D]`, and what is wanted of which. */
type Reading = { readonly wanted: readonly Placed[]; readonly read: () => Tensor };

/** Most scores, of all words at all places together, that are held at once: 64 MB. */
const HEAD_ROOM = 2 ** 24;

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
  const compiling = { backend, newShapes: "expect" } as const;
  const stream = compile(
    (params: ModelParams<Tensor>, ids: Tensor) => reshape(hidden({ config, params }, ids), [-1, config.width]),
    { ...compiling, name: "evals" },
  );
  const predict = compile(
    (params: ModelParams<Tensor>, x: Tensor, positions: Tensor, targets: Tensor) =>
      predictionsAt({ config, params }, x, positions, targets),
    { ...compiling, name: "predictions" },
  );
  const readBranches = branchReader(config, backend);
  // The head needs no layers, and what is not used need not be an argument of its graph.
  const top = { ...params, layers: [] };
  const most = Math.max(64, Math.min(2048, 2 ** Math.floor(Math.log2(HEAD_ROOM / config.vocab))));

  return async (requests, { progress, signal } = {}) => {
    for (const request of requests) check(request, config);
    const answers = requests.map(({ continuation: { length } }) => ({
      logLikelihoods: new Float32Array(length),
      best: new Int32Array(length),
      bestLogLikelihoods: new Float32Array(length),
    }));
    const rows = rowsOf(requests, causal);
    const plan = { batchTokens, batchRows: batchSize, longest: config.context, unpadded: !causal };
    const { alone, bundles } = causal ? bundlesOf(rows, plan) : { alone: rows, bundles: [] };
    const readings: readonly Reading[] = [
      ...batchBundles(bundles, plan).map((batch) => ({
        wanted: wantedOfBranches(batch),
        read: () => readBranches(params, batch),
      })),
      ...batchRows(alone, plan).map((batch) => ({
        wanted: wantedOfRows(batch),
        read: () => stream(params, padded(batch)),
      })),
    ];
    const total = readings.reduce((count, { wanted }) => count + wanted.length, 0);
    let scored = 0;
    for (const reading of readings) {
      signal?.throwIfAborted();
      scope(() => {
        const x = reading.read();
        for (let at = 0; at < reading.wanted.length; at += most) {
          const part = reading.wanted.slice(at, at + most);
          const size = Math.min(most, Math.max(64, 2 ** Math.ceil(Math.log2(part.length))));
          const [positions, targets] = [new Int32Array(size), new Int32Array(size)];
          for (const [i, { position, target }] of part.entries()) [positions[i], targets[i]] = [position, target];
          const found = predict(top, x, tensor(positions), tensor(targets));
          const [own, best, bestOwn] = [read(found.own), read(found.best), read(found.bestOwn)];
          for (const [i, { request, token, target }] of part.entries()) {
            const answer = answers[request];
            answer.best[token] = best[i];
            answer.bestLogLikelihoods[token] = bestOwn[i];
            answer.logLikelihoods[token] = best[i] === target ? bestOwn[i] : own[i];
          }
        }
      });
      scored += reading.wanted.length;
      progress?.(scored, total);
      // Timers, signals and other requests get their turn.
      await new Promise((resume) => setImmediate(resume));
    }
    return answers;
  };
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
