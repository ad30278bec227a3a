/** Every kind of mixer. */
import type { Tensor } from "../engine/index.js";
import {
  type AttentionParams,
  type AttentionState,
  attention,
  attentionGrow,
  attentionMaps,
  attentionPrefill,
  attentionSettle,
  attentionStart,
  attentionStep,
  type DifferentialV1Params,
  type DifferentialV2Params,
  differentialV1,
  differentialV1Heads,
  differentialV1Maps,
  differentialV1Pairs,
  differentialV1Prefill,
  differentialV1Start,
  differentialV1Step,
  differentialV2,
  differentialV2Maps,
  differentialV2Pairs,
  differentialV2Prefill,
  differentialV2Start,
  differentialV2Step,
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
  type Weight,
} from "../nn/index.js";
import type { MixerSpec } from "./config.js";
import type { Mixer, PartState } from "./kinds.js";

type Mixers = { readonly [Kind in MixerSpec["kind"]]: Mixer<Extract<MixerSpec, { kind: Kind }>> };

/** A state of one size has nothing to settle and need not grow. */
const ofOneSize = { settle: (state: PartState) => state, grow: (state: PartState) => state };

/** A cache of keys and values grows, and each of its tokens is looked up wherever it stands. */
const ofCaches: Pick<Mixer<unknown>, "branching" | "settle" | "grow"> = {
  branching: true,
  settle: (state, clock) => attentionSettle(state as AttentionState, clock),
  grow: (state, room) => attentionGrow(state as AttentionState, room),
};

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
    apply: (params, x, spec, { linear, documents }) =>
      attention(params as AttentionParams<Weight>, x, spec, linear, documents),
    maps: (params, x, spec, { linear, documents }) =>
      attentionMaps(params as AttentionParams<Weight>, x, spec, linear, documents),
    start: (spec, { batch, capacity, recent }) => attentionStart(spec, batch, capacity, recent),
    prefill: (params, x, empty, clock, spec, { linear }) =>
      attentionPrefill(params as AttentionParams<Weight>, x, empty as AttentionState, clock, spec, linear),
    step: (params, x, state, clock, spec, { linear }) =>
      attentionStep(params as AttentionParams<Weight>, x, state as AttentionState, clock, spec, linear),
    ...ofCaches,
  },
  differentialV1: {
    shapes: (spec, width) => {
      const { queryDim, valueDim } = differentialV1Heads(spec);
      return {
        ...mixers.attention.shapes({ ...spec, kind: "attention" }, width),
        lambdaQ1: [queryDim],
        lambdaK1: [queryDim],
        lambdaQ2: [queryDim],
        lambdaK2: [queryDim],
        ...(spec.output === "subNorm" ? { subNormGain: [valueDim] } : {}),
      };
    },
    linears: ["q", "k", "v", "o"],
    writer: "o",
    initial: initial.differentialInitial,
    // Both maps of a pair take the products of two heads; the values are mixed once, twice as wide.
    mixingFlops: ({ heads, headDim }, seen) => 2 * heads * headDim * seen,
    apply: (params, x, spec, context) =>
      differentialV1(params as DifferentialV1Params<Tensor, Weight>, x, spec, context),
    maps: (params, x, spec, context) =>
      differentialV1Maps(params as DifferentialV1Params<Tensor, Weight>, x, spec, context),
    pairs: (params, x, spec, context) =>
      differentialV1Pairs(params as DifferentialV1Params<Tensor, Weight>, x, spec, context),
    start: (spec, { batch, capacity, recent }) => differentialV1Start(spec, batch, capacity, recent),
    prefill: (params, x, empty, clock, spec, context) =>
      differentialV1Prefill(
        params as DifferentialV1Params<Tensor, Weight>,
        x,
        empty as AttentionState,
        clock,
        spec,
        context,
      ),
    step: (params, x, state, clock, spec, context) =>
      differentialV1Step(
        params as DifferentialV1Params<Tensor, Weight>,
        x,
        state as AttentionState,
        clock,
        spec,
        context,
      ),
    ...ofCaches,
  },
  differentialV2: {
    shapes: ({ heads, kvHeads, headDim, lambdaBias }, width) => ({
      q: [2 * heads * headDim, width],
      k: [kvHeads * headDim, width],
      v: [kvHeads * headDim, width],
      o: [width, heads * headDim],
      lambda: [heads, width],
      ...(lambdaBias === true ? { lambdaBias: [heads] } : {}),
    }),
    linears: ["q", "k", "v", "o", "lambda"],
    writer: "o",
    initial: initial.differentialInitial,
    mixingFlops: ({ heads, headDim }, seen) => 2 * (2 * heads) * headDim * seen,
    apply: (params, x, spec, { linear, documents }) =>
      differentialV2(params as DifferentialV2Params<Tensor, Weight>, x, spec, linear, documents),
    maps: (params, x, spec, { linear, documents }) =>
      differentialV2Maps(params as DifferentialV2Params<Tensor, Weight>, x, spec, linear, documents),
    pairs: (params, x, spec, { linear, documents }) =>
      differentialV2Pairs(params as DifferentialV2Params<Tensor, Weight>, x, spec, linear, documents),
    start: (spec, { batch, capacity, recent }) => differentialV2Start(spec, batch, capacity, recent),
    prefill: (params, x, empty, clock, spec, { linear }) =>
      differentialV2Prefill(
        params as DifferentialV2Params<Tensor, Weight>,
        x,
        empty as AttentionState,
        clock,
        spec,
        linear,
      ),
    step: (params, x, state, clock, spec, { linear }) =>
      differentialV2Step(
        params as DifferentialV2Params<Tensor, Weight>,
        x,
        state as AttentionState,
        clock,
        spec,
        linear,
      ),
    ...ofCaches,
  },
  gatedConv: {
    shapes: ({ kernel }, width) => ({ up: [2 * width, width], conv: [kernel, width], down: [width, width] }),
    linears: ["up", "down"],
    writer: "down",
    initial: { conv: initial.kernel },
    mixingFlops: () => 0,
    apply: (params, x, _, { linear, documents }) =>
      gatedConv(params as GatedConvParams<Tensor, Weight>, x, linear, documents),
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
