/** A layer taken apart: its parts in order, each with its parameters, and the one place that puts them together. */
import { add, type Tensor } from "../engine/index.js";
import { type Clock, documentsOf, type LayerContext } from "../nn/index.js";
import type { LayerParams, LayerSpec, ModelConfig, NormParams } from "./config.js";
import {
  type LayerTensors,
  type PartState,
  type StatefulPart,
  type StateRoom,
  type Stepped,
  stateless,
} from "./kinds.js";
import { linearOf, mixerOf, mlpOf, normOf, squeezeExcitePart, tokenMixingPart } from "./registry.js";

/** The parts of a layer in the order in which a token meets them; also their names in the parameter tree. */
export const partNames = ["mixerNorm", "mixer", "tokenMixing", "mlpNorm", "mlp", "squeezeExcite"] as const;

export type PartName = (typeof partNames)[number];

/** A part together with its parameters. */
export type BoundPart = {
  readonly apply: (x: Tensor) => Tensor;
  /** What each token takes from which, `[B, heads, T, T]`, of a mixer that has such maps. */
  readonly maps?: (x: Tensor) => Tensor;
  /** Where these are differences: both maps of each pair, `[B, 2, pairs, T, T]`. */
  readonly pairs?: (x: Tensor) => Tensor;
  readonly start: (room: StateRoom) => PartState;
  readonly prefill: (x: Tensor, empty: PartState, clock: Clock) => Stepped;
  readonly step: (x: Tensor, state: PartState, clock: Clock) => Stepped;
};

/** The parts a layer has. */
export type LayerParts = { readonly [Name in PartName]?: BoundPart };

/** What a layer remembers while decoding: what each of its parts does. */
export type LayerState = { readonly [Name in PartName]?: PartState };

/** The parts of a layer. `context` says how linear layers are applied; default as the config says. */
export function partsOf(
  params: LayerParams<Tensor>,
  spec: LayerSpec,
  config: ModelConfig,
  context: LayerContext = contextOf(config),
): LayerParts {
  const { mixerNorm, mlpNorm, linearNorms, tokenMixing, squeezeExcite } = params;
  const bind = <Spec>(part: StatefulPart<Spec>, tensors: LayerTensors, spec: Spec): BoundPart => ({
    apply: (x) => part.apply(tensors, x, spec, context),
    start: (room) => part.start(spec, room),
    prefill: (x, empty, clock) => part.prefill(tensors, x, empty, clock, spec, context),
    step: (x, state, clock) => part.step(tensors, x, state, clock, spec, context),
  });
  const [norm, ofMixer] = [normOf(spec.norm), mixerOf(spec.mixer)];
  const mixer = withNorms(params.mixer, linearNorms?.mixer, config);
  const mlp = withNorms(params.mlp, linearNorms?.mlp, config);
  return {
    mixerNorm: mixerNorm && bind(norm, mixerNorm as LayerTensors, spec.norm),
    mixer: {
      ...bind(ofMixer, mixer, spec.mixer),
      ...(ofMixer.pairs && { pairs: (x) => ofMixer.pairs!(mixer, x, spec.mixer, context) }),
      ...(ofMixer.maps && { maps: (x) => ofMixer.maps!(mixer, x, spec.mixer, context) }),
    },
    tokenMixing: spec.tokenMixing && bind(tokenMixingPart, tokenMixing as LayerTensors, spec.tokenMixing),
    mlpNorm: mlpNorm && bind(norm, mlpNorm as LayerTensors, spec.norm),
    mlp: bind(stateless(mlpOf(spec.mlp)), mlp, spec.mlp),
    squeezeExcite: spec.squeezeExcite && bind(squeezeExcitePart, squeezeExcite as LayerTensors, spec.squeezeExcite),
  };
}

/** Where documents stand in the rows of a batch; default: a row is one. */
export type DocumentLayout = {
  /**
   * The number of each token's document in its row, `[B, T]` int32, as `text.Batch` has them: documents of a row see nothing of
   * each other, and positions count from where they begin.
   */
  readonly segments?: Tensor;
  /**
   * Of documents with several ends: 0 where all of them begin, and then the number of each end, `[B, T]` int32. Ends see the
   * beginning and nothing of each other. For models that `mayBranch`.
   */
  readonly branches?: Tensor;
};

/** What layers take from their model, and from a batch. */
export function contextOf({ linear, normEps }: ModelConfig, { segments, branches }: DocumentLayout = {}): LayerContext {
  const documents = segments && documentsOf(segments, branches);
  return { linear: linearOf(linear).apply(linear), normEps, documents };
}

/** A part's parameters, its linear layers together with their norms. */
function withNorms(
  tensors: { readonly [name: string]: Tensor },
  norms: { readonly [name: string]: NormParams<Tensor> } | undefined,
  { normEps }: ModelConfig,
): LayerTensors {
  if (norms === undefined) return tensors;
  const normed = Object.entries(norms).map(([name, { gain }]) => [name, { weight: tensors[name], gain, eps: normEps }]);
  return { ...tensors, ...Object.fromEntries(normed) };
}

/**
 * One residual block: `x += tokenMixing(mixer(mixerNorm(x)))`, then `x += squeezeExcite(mlp(mlpNorm(x)))`. A part the layer
 * does not have leaves `x` as it is.
 *
 * @param x shape `[B, T, D]`
 * @param visit Runs a part: over a sequence, a prompt or a token, or with an eye on what goes in and comes out.
 */
export function throughParts(
  parts: LayerParts,
  x: Tensor,
  visit: (part: BoundPart, x: Tensor, name: PartName) => Tensor,
): Tensor {
  const through = (x: Tensor, ...names: readonly PartName[]): Tensor =>
    names.reduce((y, name) => {
      const part = parts[name];
      return part === undefined ? y : visit(part, y, name);
    }, x);
  const mixed = add(x, through(x, "mixerNorm", "mixer", "tokenMixing"));
  return add(mixed, through(mixed, "mlpNorm", "mlp", "squeezeExcite"));
}
