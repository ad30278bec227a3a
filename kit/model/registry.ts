/**
 * Every variant of a layer, under its kind. A kind without an entry does not compile, and nothing else branches on kinds.
 */
import type { Tensor } from "../engine/index.js";
import {
  type AttentionParams,
  type AttentionState,
  attention,
  attentionGrow,
  attentionPrefill,
  attentionSettle,
  attentionStart,
  attentionStep,
  type Clock,
  type GatedConvParams,
  type GatedConvState,
  type GatedDeltaNetParams,
  type GatedDeltaNetState,
  gatedConv,
  gatedConvPrefill,
  gatedConvStart,
  gatedConvStep,
  gatedDeltaNet,
  gatedDeltaNetPrefill,
  gatedDeltaNetStart,
  gatedDeltaNetStep,
  gatedDeltaNetWidths,
  initial,
  type LayerContext,
  type Linear,
  linear,
  type SwigluParams,
  swiglu,
  ternarise,
  ternaryLinear,
  type Weight,
} from "../nn/index.js";
import type { LinearSpec, MixerSpec, MlpSpec } from "./config.js";

/** The parameters of a layer by name: tensors, of which linear layers may carry a norm. */
export type LayerTensors = { readonly [name: string]: Weight };

/** What a layer remembers while decoding, by name. */
export type MixerState = { readonly [name: string]: Tensor };

/** What a state is made for: sequences, the residual stream's width D, tokens of the past and of the recent buffer. */
export type StateRoom = {
  readonly batch: number;
  readonly width: number;
  readonly capacity: number;
  readonly recent: number;
};

type Stepped = { readonly y: Tensor; readonly state: MixerState };

type Shapes = Readonly<Record<string, readonly number[]>>;

/** What the parameters of every kind of layer say of themselves. `width` is the residual stream's, D. */
type Parameters<Spec> = {
  /** Shape of each parameter. */
  readonly shapes: (spec: Spec, width: number) => Shapes;
  /** Names of those that are the matrices `[out, in]` of linear layers. */
  readonly linears: readonly string[];
  /** The one of these that writes to the residual stream. */
  readonly writer: string;
  /** How those are drawn that are not: N(0, 0.02²) where nothing is said. */
  readonly initial?: Readonly<Record<string, initial.Initial>>;
};

/** One kind of mixer. */
export type Mixer<Spec> = Parameters<Spec> & {
  /** Multiply-adds of mixing itself for one token that sees `seen` tokens, without the weights. */
  readonly mixingFlops: (spec: Spec, seen: number) => number;
  readonly apply: (params: LayerTensors, x: Tensor, spec: Spec, context: LayerContext) => Tensor;
  readonly start: (spec: Spec, room: StateRoom) => MixerState;
  readonly prefill: (
    params: LayerTensors,
    x: Tensor,
    empty: MixerState,
    clock: Clock,
    spec: Spec,
    context: LayerContext,
  ) => Stepped;
  readonly step: (
    params: LayerTensors,
    x: Tensor,
    state: MixerState,
    clock: Clock,
    spec: Spec,
    context: LayerContext,
  ) => Stepped;
  readonly settle: (state: MixerState, clock: Clock) => MixerState;
  readonly grow: (state: MixerState, capacity: number) => MixerState;
};

type Mixers = { readonly [Kind in MixerSpec["kind"]]: Mixer<Extract<MixerSpec, { kind: Kind }>> };

/** A state of one size has nothing to settle and need not grow. */
const ofOneSize = { settle: (state: MixerState) => state, grow: (state: MixerState) => state };

export const mixers: Mixers = {
  attention: {
    shapes: ({ heads, kvHeads, headDim }, width) => ({
      q: [heads * headDim, width],
      k: [kvHeads * headDim, width],
      v: [kvHeads * headDim, width],
      o: [width, heads * headDim],
    }),
    linears: ["q", "k", "v", "o"],
    writer: "o",
    mixingFlops: ({ heads, headDim }, seen) => 2 * heads * headDim * seen,
    apply: (params, x, spec, { linear }) => attention(params as AttentionParams<Weight>, x, spec, linear),
    start: (spec, { batch, capacity, recent }) => attentionStart(spec, batch, capacity, recent),
    prefill: (params, x, empty, clock, spec, { linear }) =>
      attentionPrefill(params as AttentionParams<Weight>, x, empty as AttentionState, clock, spec, linear),
    step: (params, x, state, clock, spec, { linear }) =>
      attentionStep(params as AttentionParams<Weight>, x, state as AttentionState, clock, spec, linear),
    settle: (state, clock) => attentionSettle(state as AttentionState, clock),
    grow: (state, capacity) => attentionGrow(state as AttentionState, capacity),
  },
  gatedConv: {
    shapes: ({ kernel }, width) => ({ up: [2 * width, width], conv: [kernel, width], down: [width, width] }),
    linears: ["up", "down"],
    writer: "down",
    initial: { conv: initial.kernel },
    mixingFlops: () => 0,
    apply: (params, x, _, { linear }) => gatedConv(params as GatedConvParams<Tensor, Weight>, x, linear),
    start: (spec, { batch, width }) => gatedConvStart(spec, batch, width),
    prefill: (params, x, _, clock, spec, { linear }) =>
      gatedConvPrefill(params as GatedConvParams<Tensor, Weight>, x, clock, spec, linear),
    step: (params, x, state, _, __, { linear }) =>
      gatedConvStep(params as GatedConvParams<Tensor, Weight>, x, state as GatedConvState, linear),
    ...ofOneSize,
  },
  gatedDeltaNet: {
    shapes: (spec, width) => {
      const { queryWidth, valueWidth, valueHeads } = gatedDeltaNetWidths(spec);
      return {
        q: [queryWidth, width],
        k: [queryWidth, width],
        v: [valueWidth, width],
        outputGate: [valueWidth, width],
        decay: [valueHeads, width],
        beta: [valueHeads, width],
        o: [width, valueWidth],
        qConv: [spec.conv, queryWidth],
        kConv: [spec.conv, queryWidth],
        vConv: [spec.conv, valueWidth],
        ...(spec.gate.kind === "mamba" ? { aLog: [valueHeads], dtBias: [valueHeads] } : {}),
        ...(spec.outputNorm === "none" ? {} : { outputGain: [spec.valueDim] }),
      };
    },
    linears: ["q", "k", "v", "outputGate", "decay", "beta", "o"],
    writer: "o",
    initial: initial.gatedDeltaNetInitial,
    // Three products with the memory: predict, write, read.
    mixingFlops: (spec) => 3 * gatedDeltaNetWidths(spec).valueWidth * spec.keyDim,
    apply: (params, x, spec, context) => gatedDeltaNet(params as GatedDeltaNetParams<Tensor, Weight>, x, spec, context),
    start: (spec, { batch }) => gatedDeltaNetStart(spec, batch),
    prefill: (params, x, _, clock, spec, context) =>
      gatedDeltaNetPrefill(params as GatedDeltaNetParams<Tensor, Weight>, x, clock, spec, context),
    step: (params, x, state, _, spec, context) =>
      gatedDeltaNetStep(params as GatedDeltaNetParams<Tensor, Weight>, x, state as GatedDeltaNetState, spec, context),
    ...ofOneSize,
  },
};

/** One kind of feed-forward layer. */
export type Mlp<Spec> = Parameters<Spec> & {
  readonly apply: (params: LayerTensors, x: Tensor, spec: Spec, context: LayerContext) => Tensor;
};

type Mlps = { readonly [Kind in MlpSpec["kind"]]: Mlp<Extract<MlpSpec, { kind: Kind }>> };

export const mlps: Mlps = {
  swiglu: {
    shapes: ({ hidden }, width) => ({ gate: [hidden, width], up: [hidden, width], down: [width, hidden] }),
    linears: ["gate", "up", "down"],
    writer: "down",
    apply: (params, x, _, { linear }) => swiglu(params as SwigluParams<Weight>, x, linear),
  },
};

type Linears = { readonly [Kind in LinearSpec["kind"]]: LinearKind<Extract<LinearSpec, { kind: Kind }>> };

/** One kind of linear layer. */
export type LinearKind<Spec> = {
  /** Whether the blocks' halves, and whether the linear layers by themselves, have norms. */
  readonly norms: (spec: Spec) => { readonly block: boolean; readonly own: boolean };
  readonly apply: (spec: Spec) => Linear;
  /** How matrices are stored once that are rounded at every use; absent where they are not. */
  readonly rounded?: {
    readonly spec: (spec: Spec) => LinearSpec;
    readonly matrix: (weight: Tensor, spec: Spec) => Tensor;
  };
};

export const linears: Linears = {
  dense: { norms: () => ({ block: true, own: false }), apply: () => linear },
  ternary: {
    norms: ({ norm }) => ({
      block: norm === "block" || norm === "both",
      own: norm === "per-linear" || norm === "both",
    }),
    apply: (spec) => (weight, x) => ternaryLinear(weight, x, spec),
    rounded: {
      spec: (spec) => ({ ...spec, rounded: true }),
      matrix: (weight, { scale, rounded }) => (rounded === true ? weight : ternarise(weight, scale).values),
    },
  },
};

/** The mixer of a spec. The union and its entry agree by construction, which TypeScript cannot follow. */
export function mixerOf(spec: MixerSpec): Mixer<MixerSpec> {
  return mixers[spec.kind] as Mixer<MixerSpec>;
}

export function mlpOf(spec: MlpSpec): Mlp<MlpSpec> {
  return mlps[spec.kind] as Mlp<MlpSpec>;
}

export function linearOf(spec: LinearSpec): LinearKind<LinearSpec> {
  return linears[spec.kind] as LinearKind<LinearSpec>;
}
