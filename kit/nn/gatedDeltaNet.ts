/** Gated DeltaNet: a mixer whose memory has one size however many tokens it has read. */
import {
  add,
  exp,
  full,
  mul,
  neg,
  reshape,
  rsqrt,
  sigmoid,
  silu,
  softplus,
  square,
  sum,
  type Tensor,
  where,
} from "../engine/index.js";
import { type Clock, pastFilled } from "./clock.js";
import type { Documents } from "./documents.js";
import { gatedDeltaRule } from "./gatedDeltaChunks.js";
import { type DeltaInputs, type DeltaResult, type DeltaRule, gatedDeltaRecurrent } from "./gatedDeltaRule.js";
import { type LayerContext, linear, type Weight } from "./linear.js";
import { rmsNorm } from "./rmsNorm.js";
import { lastInputs, shortConvolution, shortConvolutionStep } from "./shortConvolution.js";

/** How much of the memory stays. `logsigmoid` is divided by its normaliser, so that a new model forgets little. */
export type DecayGate =
  | { readonly kind: "mamba" }
  | { readonly kind: "logsigmoid"; readonly gateLogitNormalizer: number };

export type GatedDeltaNetSpec = {
  /** Query and key heads, H. */
  readonly heads: number;
  /** Value heads, Hv, a multiple of `heads`; default as many. Each has a memory and gates of its own. */
  readonly valueHeads?: number;
  /** Width of a query or key, K. Width of a value, V. */
  readonly keyDim: number;
  readonly valueDim: number;
  /** Tokens the short convolutions see, k. */
  readonly conv: number;
  readonly gate: DecayGate;
  readonly rule: DeltaRule;
  /** Factor of the queries: `1/√K` in the paper, 1 in the teeny-s model. */
  readonly queryScale: number;
  /** Lets β reach 2, so that a token may turn what the memory holds of its key around; default false. */
  readonly negativeEigenvalues?: boolean;
  /** `gatedRmsNorm`: `rmsNorm(o) · silu(gate)` per head. `none`: `o · σ(gate)`. */
  readonly outputNorm: "gatedRmsNorm" | "none";
  /** Tokens computed together, C; changes the speed, not the result. */
  readonly chunk: number;
};

/**
 * Shapes: `q` and `k` `[H·K, D]`, `v` and `outputGate` `[Hv·V, D]`, `decay` and `beta` `[Hv, D]`, `o` `[D, Hv·V]`; `qConv` and
 * `kConv` `[k, H·K]`, `vConv` `[k, Hv·V]`; with the gate `mamba` `aLog` and `dtBias` `[Hv]`; with an output norm `outputGain`
 * `[V]`, shared by the heads.
 */
export type GatedDeltaNetParams<Leaf, Matrix = Leaf> = {
  readonly q: Matrix;
  readonly k: Matrix;
  readonly v: Matrix;
  readonly outputGate: Matrix;
  readonly decay: Matrix;
  readonly beta: Matrix;
  readonly o: Matrix;
  readonly qConv: Leaf;
  readonly kConv: Leaf;
  readonly vConv: Leaf;
  readonly aLog?: Leaf;
  readonly dtBias?: Leaf;
  readonly outputGain?: Leaf;
};

/** Shapes: `memory` `[B, Hv, K, V]`; the last `k − 1` inputs of the convolutions, `[B, k − 1, width]`. */
export type GatedDeltaNetState = {
  readonly memory: Tensor;
  readonly qTail: Tensor;
  readonly kTail: Tensor;
  readonly vTail: Tensor;
};

type Params = GatedDeltaNetParams<Tensor, Weight>;
type Projected = { readonly q: Tensor; readonly k: Tensor; readonly v: Tensor };
type Stepped = { readonly y: Tensor; readonly state: GatedDeltaNetState };

const plain: LayerContext = { linear, normEps: 1e-5 };

/**
 * Gated DeltaNet over a whole sequence.
 *
 * `q, k, v = silu(conv(x·Wᵀ))`, q and k of unit length per head; `β = σ(x·βᵀ)`;
 * `g = −e^aLog · softplus(x·decayᵀ + dtBias)` (mamba) or `log σ(x·decayᵀ) / normaliser`; the memory by the gated delta rule;
 * `y = gated(o, x·outputGateᵀ)·oᵀ`.
 *
 * @param x shape `[B, T, D]`
 * @returns shape `[B, T, D]`
 * @source S. Yang, J. Kautz, A. Hatamizadeh, Gated Delta Networks (2024). `logsigmoid` and `none` as in the teeny-s model;
 * queries and keys are normalised with 1e−6 inside the root, as flash-linear-attention does
 */
export function gatedDeltaNet(
  params: Params,
  x: Tensor,
  spec: GatedDeltaNetSpec,
  context: LayerContext = plain,
): Tensor {
  const { documents } = context;
  const tokens = tokensOf(params, x, convolved(params, project(params, x, context), documents), spec, context);
  const empty = emptyMemory(spec, x.shape[0]);
  const { o } = gatedDeltaRule({ ...tokens, state: empty }, { ...ruleOf(spec), documents });
  return output(params, x, o, spec, context);
}

/** What the layer remembers before the first token. */
export function gatedDeltaNetStart(spec: GatedDeltaNetSpec, batch: number): GatedDeltaNetState {
  const tail = (width: number): Tensor => full([batch, spec.conv - 1, width], 0);
  const { queryWidth, valueWidth } = gatedDeltaNetWidths(spec);
  return {
    memory: emptyMemory(spec, batch),
    qTail: tail(queryWidth),
    kTail: tail(queryWidth),
    vTail: tail(valueWidth),
  };
}

/**
 * {@link gatedDeltaNet} over a prompt, and the state it leaves.
 *
 * @param x shape `[B, T, D]`; rows behind a sequence's end are padding and leave the memory as it is
 * @param clock Lengths of the prompts.
 */
export function gatedDeltaNetPrefill(
  params: Params,
  x: Tensor,
  clock: Clock,
  spec: GatedDeltaNetSpec,
  context: LayerContext = plain,
): Stepped {
  const [B, T] = x.shape;
  const projected = project(params, x, context);
  const tokens = tokensOf(params, x, convolved(params, projected), spec, context);
  const filled = reshape(pastFilled(clock, T), [B, T, 1]);
  const inputs = {
    ...tokens,
    // A token that decays nothing and corrects nothing.
    logDecay: where(filled, tokens.logDecay, 0),
    beta: where(filled, tokens.beta, 0),
    state: emptyMemory(spec, B),
  };
  const { o, state: memory } = gatedDeltaRule(inputs, ruleOf(spec));
  const tail = (of: Tensor): Tensor => lastInputs(of, clock.past, spec.conv - 1);
  const state = { memory, qTail: tail(projected.q), kTail: tail(projected.k), vTail: tail(projected.v) };
  return { y: output(params, x, o, spec, context), state };
}

/**
 * One more token, or several at once.
 *
 * @param x shape `[B, T, D]`
 * @returns `y` of shape `[B, T, D]`, and the state after them, of the same size
 */
export function gatedDeltaNetStep(
  params: Params,
  x: Tensor,
  state: GatedDeltaNetState,
  spec: GatedDeltaNetSpec,
  context: LayerContext = plain,
): Stepped {
  const projected = project(params, x, context);
  const q = shortConvolutionStep(projected.q, state.qTail, params.qConv);
  const k = shortConvolutionStep(projected.k, state.kTail, params.kConv);
  const v = shortConvolutionStep(projected.v, state.vTail, params.vConv);
  const tokens = tokensOf(params, x, { q: q.y, k: k.y, v: v.y }, spec, context);
  const rule = x.shape[1] === 1 ? gatedDeltaRecurrent : gatedDeltaRule;
  const stepped: DeltaResult = rule({ ...tokens, state: state.memory }, ruleOf(spec));
  return {
    y: output(params, x, stepped.o, spec, context),
    state: { memory: stepped.state, qTail: q.tail, kTail: k.tail, vTail: v.tail },
  };
}

/** Widths of all heads together. */
export function gatedDeltaNetWidths(spec: GatedDeltaNetSpec): {
  readonly queryWidth: number;
  readonly valueWidth: number;
  readonly valueHeads: number;
} {
  const valueHeads = spec.valueHeads ?? spec.heads;
  return { queryWidth: spec.heads * spec.keyDim, valueWidth: valueHeads * spec.valueDim, valueHeads };
}

function ruleOf({ rule, queryScale, chunk }: GatedDeltaNetSpec): { rule: DeltaRule; scale: number; chunk: number } {
  return { rule, scale: queryScale, chunk };
}

function emptyMemory(spec: GatedDeltaNetSpec, batch: number): Tensor {
  return full([batch, gatedDeltaNetWidths(spec).valueHeads, spec.keyDim, spec.valueDim], 0);
}

function project(params: Params, x: Tensor, { linear }: LayerContext): Projected {
  return { q: linear(params.q, x), k: linear(params.k, x), v: linear(params.v, x) };
}

function convolved(params: Params, { q, k, v }: Projected, documents?: Documents): Projected {
  return {
    q: shortConvolution(q, params.qConv, documents),
    k: shortConvolution(k, params.kConv, documents),
    v: shortConvolution(v, params.vConv, documents),
  };
}

/** What the rule takes of each token. */
function tokensOf(
  params: Params,
  x: Tensor,
  { q, k, v }: Projected,
  spec: GatedDeltaNetSpec,
  { linear }: LayerContext,
): Omit<DeltaInputs, "state"> {
  const [B, T] = x.shape;
  const { heads, keyDim, valueDim } = spec;
  const { valueHeads } = gatedDeltaNetWidths(spec);
  const beta = sigmoid(linear(params.beta, x));
  return {
    q: unit(reshape(q, [B, T, heads, keyDim])),
    k: unit(reshape(k, [B, T, heads, keyDim])),
    v: reshape(v, [B, T, valueHeads, valueDim]),
    logDecay: logDecayOf(params, linear(params.decay, x), spec.gate),
    beta: spec.negativeEigenvalues === true ? mul(beta, 2) : beta,
  };
}

function unit(x: Tensor): Tensor {
  return mul(x, rsqrt(add(sum(square(x), { axis: -1, keep: true }), 1e-6)));
}

function logDecayOf({ aLog, dtBias }: Params, logits: Tensor, gate: DecayGate): Tensor {
  if (gate.kind === "mamba") return neg(mul(exp(aLog!), softplus(add(logits, dtBias!))));
  // log σ(x) = −softplus(−x)
  return mul(softplus(neg(logits)), -1 / gate.gateLogitNormalizer);
}

function output(
  params: Params,
  x: Tensor,
  o: Tensor,
  spec: GatedDeltaNetSpec,
  { linear, normEps }: LayerContext,
): Tensor {
  const gate = reshape(linear(params.outputGate, x), o.shape);
  const gated =
    spec.outputNorm === "none"
      ? mul(o, sigmoid(gate))
      : mul(rmsNorm({ gain: params.outputGain! }, o, normEps), silu(gate));
  return linear(params.o, reshape(gated, [x.shape[0], x.shape[1], -1]));
}
