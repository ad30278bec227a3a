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
  type SwigluParams,
  swiglu,
} from "../nn/index.js";
import type { MixerSpec, MlpSpec } from "./config.js";

/** The tensors of a layer by name. */
export type LayerTensors = { readonly [name: string]: Tensor };

/** What a layer remembers while decoding, by name. */
export type MixerState = { readonly [name: string]: Tensor };

type Stepped = { readonly y: Tensor; readonly state: MixerState };

/** One kind of mixer. `width` is the residual stream's, D. */
export type Mixer<Spec> = {
  /** Shape of each parameter; the name of the one that writes to the residual stream. */
  readonly shapes: (spec: Spec, width: number) => Readonly<Record<string, readonly number[]>>;
  readonly writer: string;
  /** Multiply-adds of mixing itself for one token that sees `seen` tokens, without the linear layers. */
  readonly mixingFlops: (spec: Spec, seen: number) => number;
  readonly apply: (params: LayerTensors, x: Tensor, spec: Spec) => Tensor;
  readonly start: (spec: Spec, batch: number, capacity: number, recent: number) => MixerState;
  readonly prefill: (params: LayerTensors, x: Tensor, empty: MixerState, clock: Clock, spec: Spec) => Stepped;
  readonly step: (params: LayerTensors, x: Tensor, state: MixerState, clock: Clock, spec: Spec) => Stepped;
  readonly settle: (state: MixerState, clock: Clock) => MixerState;
  readonly grow: (state: MixerState, capacity: number) => MixerState;
};

type Mixers = { readonly [Kind in MixerSpec["kind"]]: Mixer<Extract<MixerSpec, { kind: Kind }>> };

export const mixers: Mixers = {
  attention: {
    shapes: ({ heads, kvHeads, headDim }, width) => ({
      q: [heads * headDim, width],
      k: [kvHeads * headDim, width],
      v: [kvHeads * headDim, width],
      o: [width, heads * headDim],
    }),
    writer: "o",
    mixingFlops: ({ heads, headDim }, seen) => 2 * heads * headDim * seen,
    apply: (params, x, spec) => attention(params as AttentionParams<Tensor>, x, spec),
    start: attentionStart,
    prefill: (params, x, empty, clock, spec) =>
      attentionPrefill(params as AttentionParams<Tensor>, x, empty as AttentionState, clock, spec),
    step: (params, x, state, clock, spec) =>
      attentionStep(params as AttentionParams<Tensor>, x, state as AttentionState, clock, spec),
    settle: (state, clock) => attentionSettle(state as AttentionState, clock),
    grow: (state, capacity) => attentionGrow(state as AttentionState, capacity),
  },
};

/** One kind of feed-forward layer. */
export type Mlp<Spec> = {
  readonly shapes: (spec: Spec, width: number) => Readonly<Record<string, readonly number[]>>;
  readonly writer: string;
  readonly apply: (params: LayerTensors, x: Tensor, spec: Spec) => Tensor;
};

type Mlps = { readonly [Kind in MlpSpec["kind"]]: Mlp<Extract<MlpSpec, { kind: Kind }>> };

export const mlps: Mlps = {
  swiglu: {
    shapes: ({ hidden }, width) => ({ gate: [hidden, width], up: [hidden, width], down: [width, hidden] }),
    writer: "down",
    apply: (params, x) => swiglu(params as SwigluParams<Tensor>, x),
  },
};

/** The mixer of a spec. The union and its entry agree by construction, which TypeScript cannot follow. */
export function mixerOf(spec: MixerSpec): Mixer<MixerSpec> {
  return mixers[spec.kind] as Mixer<MixerSpec>;
}

export function mlpOf(spec: MlpSpec): Mlp<MlpSpec> {
  return mlps[spec.kind] as Mlp<MlpSpec>;
}
