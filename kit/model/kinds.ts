/** What a variant of a part of a layer says of itself. The variants stand in the registry. */
import type { Tensor } from "../engine/index.js";
import type { Clock, initial, LayerContext, Linear, Weight } from "../nn/index.js";
import type { LinearSpec } from "./config.js";

/** The parameters of a part by name: tensors, of which linear layers may carry a norm. */
export type LayerTensors = { readonly [name: string]: Weight };

/** What a part remembers while decoding, by name. */
export type PartState = { readonly [name: string]: Tensor };

/** What a state is made for: sequences, the residual stream's width D, tokens of the past and of the recent buffer. */
export type StateRoom = {
  readonly batch: number;
  readonly width: number;
  readonly capacity: number;
  readonly recent: number;
};

/** What a part makes of a prompt or a token, `[B, T, D]`, and what it remembers then. */
export type Stepped = { readonly y: Tensor; readonly state: PartState };

export type Shapes = Readonly<Record<string, readonly number[]>>;

/** What goes for every part. `width` is the residual stream's, D. */
export type Part<Spec> = {
  /** Shape of each parameter. */
  readonly shapes: (spec: Spec, width: number) => Shapes;
  /** How parameters are drawn: N(0, 0.02²) where nothing is said. */
  readonly initial?: Readonly<Record<string, initial.Initial>>;
  /** Of a whole sequence; shape `[B, T, D]` of both `x` and the result. */
  readonly apply: (params: LayerTensors, x: Tensor, spec: Spec, context: LayerContext) => Tensor;
};

/** A part that knows more than the token it is given, and so has a state while decoding. */
export type StatefulPart<Spec> = Part<Spec> & {
  /** Whether what it makes of a token depends on later ones; default never. */
  readonly leaks?: (spec: Spec) => boolean;
  /** Whether it asks only which tokens may be seen, not which stand next to each other: then documents may branch. */
  readonly branching?: true;
  readonly start: (spec: Spec, room: StateRoom) => PartState;
  readonly prefill: (
    params: LayerTensors,
    x: Tensor,
    empty: PartState,
    clock: Clock,
    spec: Spec,
    context: LayerContext,
  ) => Stepped;
  readonly step: (
    params: LayerTensors,
    x: Tensor,
    state: PartState,
    clock: Clock,
    spec: Spec,
    context: LayerContext,
  ) => Stepped;
};

/** A part that knows nothing but the token it is given: there is nothing to remember. */
export function stateless<Spec>(part: Part<Spec>): StatefulPart<Spec> {
  return {
    ...part,
    branching: true,
    start: () => ({}),
    prefill: (params, x, _, __, spec, context) => ({ y: part.apply(params, x, spec, context), state: {} }),
    step: (params, x, _, __, spec, context) => ({ y: part.apply(params, x, spec, context), state: {} }),
  };
}

/** What a part with linear layers says of them. */
type WithLinears = {
  /** Names of the parameters that are the matrices `[out, in]` of linear layers. */
  readonly linears: readonly string[];
  /** The one of these that writes to the residual stream. */
  readonly writer: string;
};

/** One kind of mixer. */
export type Mixer<Spec> = StatefulPart<Spec> &
  WithLinears & {
    /** Multiply-adds of mixing itself for one token that sees `seen` tokens, without the weights. */
    readonly mixingFlops: (spec: Spec, seen: number) => number;
    /** What each token takes from which, `[B, heads, T, T]`, where a mixer has such maps. */
    readonly maps?: (params: LayerTensors, x: Tensor, spec: Spec, context: LayerContext) => Tensor;
    /** Where these are differences: both maps of each pair, `[B, 2, pairs, T, T]`. */
    readonly pairs?: (params: LayerTensors, x: Tensor, spec: Spec, context: LayerContext) => Tensor;
    readonly settle: (state: PartState, clock: Clock) => PartState;
    readonly grow: (state: PartState, room: Partial<StateRoom>) => PartState;
  };

/** One kind of feed-forward layer. */
export type Mlp<Spec> = Part<Spec> & WithLinears;

/** One kind of linear layer. */
export type LinearKind<Spec> = {
  /** Whether the blocks' halves, and whether the linear layers by themselves, have norms. */
  readonly norms: (spec: Spec) => { readonly block: boolean; readonly own: boolean };
  readonly apply: (spec: Spec) => Linear;
  /**
   * How matrices are stored once that are rounded at every use; absent where they are not. The gradient of `matrix` is the one
   * they are trained with.
   */
  readonly rounded?: {
    readonly spec: (spec: Spec) => LinearSpec;
    readonly matrix: (weight: Tensor, spec: Spec) => Tensor;
  };
};
