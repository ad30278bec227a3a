/** Whether the past notices that the future is another, and in which part of which layer. */
import { abs, concat, item, max, narrow, random, scope, sub, type Tensor } from "../engine/index.js";
import { UserError } from "../errors.js";
import {
  type BoundPart,
  batch,
  embed,
  logits,
  type Model,
  type PartName,
  partsOf,
  residualStream,
  throughParts,
} from "../model/index.js";

/** A place in a model, and the largest change of what it gives of tokens 0 … t when token t + 1 is another. */
export type PastChange = {
  /** `layers.3` for the residual stream behind a layer, `layers.3.squeezeExcite` for a part of it, `embed` before them all. */
  readonly at: string;
  readonly change: number;
};

/** What {@link causality} finds. Of a causal model every change is exactly 0. */
export type Causality = {
  /** Of the scores. */
  readonly logits: number;
  /** Of the residual stream, with all that earlier layers have let through. */
  readonly layers: readonly PastChange[];
  /** Of each part by itself, given the right past: a part behind a leak is not blamed for it. */
  readonly parts: readonly PastChange[];
  /** The parts that leak, in their order. */
  readonly leaks: readonly string[];
};

export type CausalityOptions = {
  /** A text of at least two tokens. Default: random ids, more than any mixer computes together. */
  readonly ids?: readonly number[];
  /** Which tokens t are the last of the past. Default: the first, two in the middle, the last but one. */
  readonly positions?: readonly number[];
};

/**
 * Changes one token and looks at what lies before it.
 *
 * For each t the text is read twice, the second time with another token t + 1, and every part's output for tokens 0 … t is
 * compared. Each part is given the first reading's past and the second's future, so that what it changes in the past is
 * its own doing. Costs `3 + 3·positions` forward passes that are not compiled: of each reading the parts, the residual stream and the scores.
 *
 * A leak that weights of zero keep shut is not seen here; `model.leaks` knows it by its kind.
 *
 * @throws UserError when a position has no next token, or the text is longer than the model's context
 */
export function causality(model: Model<Tensor>, options: CausalityOptions = {}): Causality {
  const { vocab, context } = model.config;
  const ids = options.ids ?? randomIds(Math.min(80, context), vocab);
  const last = ids.length - 2;
  const positions = options.positions ?? [...new Set([0, Math.floor(last / 2), Math.min(63, last), last])];
  if (ids.length < 2 || ids.length > context) {
    throw new UserError(`causality: the text has ${ids.length} tokens`, { expected: `2 to ${context}` });
  }
  const outside = positions.find((t) => !(Number.isInteger(t) && t >= 0 && t <= last));
  if (outside !== undefined || positions.length === 0) {
    throw new UserError(`causality: ${outside ?? "no"} position`, { expected: `whole numbers from 0 to ${last}` });
  }
  return scope(() => {
    const before = reading(model, batch([ids]));
    const found = positions.map((t) => {
      const changed = batch([ids.map((id, i) => (i === t + 1 ? (id + 1) % vocab : id))]);
      return scope(() => changesBefore(model, before, changed, t + 1));
    });
    const [first] = found;
    const largest = (of: (changes: Changes) => readonly PastChange[]): PastChange[] =>
      of(first).map(({ at }, i) => ({ at, change: Math.max(...found.map((changes) => of(changes)[i].change)) }));
    const parts = largest((changes) => changes.parts);
    return {
      logits: Math.max(...found.map((changes) => changes.logits)),
      layers: largest((changes) => changes.layers),
      parts,
      // A change that is not a number is a change.
      leaks: parts.filter(({ change }) => change !== 0).map(({ at }) => at),
    };
  });
}

/** What a model makes of a text: its scores, its residual stream, and every part's input and output. */
type Reading = {
  readonly logits: Tensor;
  readonly stream: readonly Tensor[];
  readonly parts: ReadonlyMap<string, { readonly input: Tensor; readonly output: Tensor }>;
};

type Changes = Omit<Causality, "leaks">;

function reading(model: Model<Tensor>, ids: Tensor): Reading {
  const parts = new Map<string, { input: Tensor; output: Tensor }>();
  visited(model, ids, (part, input, at) => {
    const output = part.apply(input);
    parts.set(at, { input, output });
    return output;
  });
  return { logits: logits(model, ids), stream: residualStream(model, ids), parts };
}

/** What another reading changes in the first `count` tokens of one. */
function changesBefore(model: Model<Tensor>, before: Reading, ids: Tensor, count: number): Changes {
  const change = (x: Tensor, y: Tensor): number => item(max(abs(sub(narrow(x, 1, 0, count), narrow(y, 1, 0, count)))));
  const parts: PastChange[] = [];
  visited(model, ids, (part, x, at) => {
    const { input, output } = before.parts.get(at)!;
    const future = narrow(x, 1, count, x.shape[1] - count);
    const own = part.apply(concat([narrow(input, 1, 0, count), future], 1));
    parts.push({ at, change: change(own, output) });
    return own;
  });
  const layers = residualStream(model, ids).map((x, i) => ({
    at: i === 0 ? "embed" : `layers.${i - 1}`,
    change: change(x, before.stream[i]),
  }));
  return { logits: change(logits(model, ids), before.logits), layers, parts };
}

/** All layers, each part run by `visit`, which is told where the part stands. */
function visited(model: Model<Tensor>, ids: Tensor, visit: (part: BoundPart, x: Tensor, at: string) => Tensor): void {
  const { config, params } = model;
  config.layers.reduce(
    (x, spec, i) => {
      const parts = partsOf(params.layers[i], spec, config);
      return throughParts(parts, x, (part, y, name: PartName) => visit(part, y, `layers.${i}.${name}`));
    },
    embed(model, ids),
  );
}

function randomIds(count: number, vocab: number): number[] {
  return Array.from(random.uniformValues(random.key(0), count, 0, vocab), Math.floor);
}
