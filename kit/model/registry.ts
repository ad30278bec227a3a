/**
 * Every variant of a part of a layer, under its kind. A kind without an entry does not compile, and nothing else branches on
 * kinds.
 */
import type { Tensor } from "../engine/index.js";
import {
  type AdaptiveRmsNormParams,
  adaptiveRmsNorm,
  adaptiveRmsNormPrefill,
  adaptiveRmsNormStep,
  initial,
  linear,
  type PoolState,
  poolLeaks,
  poolStart,
  type RmsNormParams,
  rmsNorm,
  type SqueezeExciteParams,
  type SqueezeExciteSpec,
  type SwigluParams,
  squeezeExcite,
  squeezeExcitePrefill,
  squeezeExciteStep,
  swiglu,
  type TokenMixingParams,
  type TokenMixingSpec,
  type TokenMixingState,
  ternaryLinear,
  ternaryValues,
  tokenMixing,
  tokenMixingPrefill,
  tokenMixingStart,
  tokenMixingStep,
  type Weight,
} from "../nn/index.js";
import type { LinearSpec, MixerSpec, MlpSpec, NormSpec } from "./config.js";
import { type LinearKind, type Mixer, type Mlp, type StatefulPart, stateless } from "./kinds.js";
import { mixers } from "./mixers.js";

type Norms = { readonly [Kind in NormSpec["kind"]]: StatefulPart<Extract<NormSpec, { kind: Kind }>> };

export const norms: Norms = {
  rmsNorm: stateless({
    shapes: (_, width) => ({ gain: [width] }),
    initial: { gain: initial.ones },
    apply: (params, x, _, { normEps }) => rmsNorm(params as RmsNormParams<Tensor>, x, normEps),
  }),
  adaptiveRmsNorm: {
    shapes: ({ rank }, width) => ({
      gain: [width],
      ...(rank === "full" ? { matrix: [width, width] } : { down: [rank, width], up: [width, rank] }),
    }),
    initial: initial.adaptiveRmsNormInitial,
    leaks: ({ pool }) => poolLeaks(pool),
    apply: (params, x, spec, { normEps, documents }) =>
      adaptiveRmsNorm(params as AdaptiveRmsNormParams<Tensor>, x, spec, normEps, documents),
    start: (_, { batch, width }) => poolStart(batch, width),
    prefill: (params, x, _, clock, spec, { normEps }) =>
      adaptiveRmsNormPrefill(params as AdaptiveRmsNormParams<Tensor>, x, clock, spec, normEps),
    step: (params, x, state, clock, spec, { normEps }) =>
      adaptiveRmsNormStep(params as AdaptiveRmsNormParams<Tensor>, x, state as PoolState, clock, spec, normEps),
  },
};

/** What may stand behind a mixer. */
export const tokenMixingPart: StatefulPart<TokenMixingSpec> = {
  shapes: ({ kernel, bias }, width) => ({ kernel: [kernel, width], ...(bias === true ? { bias: [width] } : {}) }),
  initial: initial.tokenMixingInitial,
  apply: (params, x, _, { documents }) => tokenMixing(params as TokenMixingParams<Tensor>, x, documents),
  start: (spec, { batch, width }) => tokenMixingStart(spec, batch, width),
  prefill: (params, x, _, clock, spec) => tokenMixingPrefill(params as TokenMixingParams<Tensor>, x, clock, spec),
  step: (params, x, state) => tokenMixingStep(params as TokenMixingParams<Tensor>, x, state as TokenMixingState),
};

/** What may stand behind a feed-forward layer. */
export const squeezeExcitePart: StatefulPart<SqueezeExciteSpec> = {
  shapes: ({ hidden, bias }, width) => ({
    down: [hidden, width],
    up: [width, hidden],
    ...(bias === true ? { downBias: [hidden], upBias: [width] } : {}),
  }),
  initial: initial.squeezeExciteInitial,
  leaks: ({ pool }) => poolLeaks(pool),
  apply: (params, x, spec, { documents }) => squeezeExcite(params as SqueezeExciteParams<Tensor>, x, spec, documents),
  start: (_, { batch, width }) => poolStart(batch, width),
  prefill: (params, x, _, clock, spec) => squeezeExcitePrefill(params as SqueezeExciteParams<Tensor>, x, clock, spec),
  step: (params, x, state, clock, spec) =>
    squeezeExciteStep(params as SqueezeExciteParams<Tensor>, x, state as PoolState, clock, spec),
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
      matrix: (weight, { scale, rounded }) => (rounded === true ? weight : ternaryValues(weight, scale)),
    },
  },
};

/** The mixer of a spec. The union and its entry agree by construction, which TypeScript cannot follow. */
export function mixerOf(spec: MixerSpec): Mixer<MixerSpec> {
  return mixers[spec.kind] as Mixer<MixerSpec>;
}

export function normOf(spec: NormSpec): StatefulPart<NormSpec> {
  return norms[spec.kind] as StatefulPart<NormSpec>;
}

export function mlpOf(spec: MlpSpec): Mlp<MlpSpec> {
  return mlps[spec.kind] as Mlp<MlpSpec>;
}

export function linearOf(spec: LinearSpec): LinearKind<LinearSpec> {
  return linears[spec.kind] as LinearKind<LinearSpec>;
}
