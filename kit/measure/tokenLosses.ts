/** What each token of a text costs, and means over chosen ones of them. */
import { compile, type ExecutionBackend, read, scope, type Tensor, tensor } from "../engine/index.js";
import { UserError } from "../errors.js";
import { type LeakOptions, type Model, refuseLeaks } from "../model/index.js";
import { tokenLogLikelihoods } from "./likelihood.js";

/** A text as ids, and what each but the first costs: `−log p(ids[t + 1] | ids[0 … t])` in nats. */
export type TokenLosses = { readonly ids: Int32Array; readonly nats: Float32Array };

export type TokenLossOptions = LeakOptions & {
  /** Default `graph`. */
  readonly backend?: ExecutionBackend;
};

/**
 * What each token of each text costs, compiled once for each length.
 *
 * @param texts ids, at least two each, that begin with what stands before a text
 * @throws UserError when a text is too short or too long for the model, or the model sees the future
 */
export function tokenLosses(
  model: Model<Tensor>,
  texts: readonly Int32Array[],
  { backend = "graph", ...leaks }: TokenLossOptions = {},
): readonly TokenLosses[] {
  const { config } = model;
  refuseLeaks(config, "Measuring losses", leaks);
  const wrong = texts.find(({ length }) => length < 2 || length > config.context + 1);
  if (wrong !== undefined) {
    throw new UserError(`tokenLosses: a text has ${wrong.length} tokens`, { expected: `2 to ${config.context + 1}` });
  }
  const score = compile(
    (params: Model<Tensor>["params"], inputs: Tensor, targets: Tensor) =>
      tokenLogLikelihoods({ config, params }, inputs, targets),
    { backend, name: "tokenLosses", newShapes: "expect" },
  );
  return texts.map((ids) => {
    const shape = [1, ids.length - 1];
    const of = (part: Int32Array): Tensor => tensor(part, shape);
    const values = scope(() => read(score(model.params, of(ids.slice(0, -1)), of(ids.slice(1)))));
    return { ids, nats: Float32Array.from(values, (value) => -value) };
  });
}

/**
 * Mean loss of the tokens at some places of a text.
 *
 * @param chosen whether the token at a place of `ids`, from 1, counts
 * @returns NaN where none does
 */
export function meanLoss({ ids, nats }: TokenLosses, chosen: (at: number, id: number) => boolean): number {
  let [sum, count] = [0, 0];
  for (let at = 1; at < ids.length; at++) {
    if (!chosen(at, ids[at])) continue;
    sum += nats[at - 1];
    count++;
  }
  return sum / count;
}

/**
 * How far back each token of a text was last seen: `t − max{s < t : ids[s] = ids[t]}`, 0 for one that is new.
 *
 * What stands there before, and what followed it, is what a model can copy from: the loss of tokens last seen nearby tells
 * of local patterns, that of tokens seen long ago of memory.
 */
export function recency(ids: ArrayLike<number>): Int32Array {
  const last = new Map<number, number>();
  return Int32Array.from(ids, (id, at) => {
    const before = last.get(id);
    last.set(id, at);
    return before === undefined ? 0 : at - before;
  });
}
