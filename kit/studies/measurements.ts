/** What is measured of models that stand: of a known one stacked anew, and of those that studies leave. */
import type { MeasureSpec, PlannedMeasurement, SliceSpec, Study } from "../lab/index.js";
import { type LayerSpec, smolLm2 } from "../model/index.js";
import type { ScaleRules } from "../surgery/index.js";
import { growing } from "./growing.js";
import { healStories, liquidModules } from "./healing.js";

/** The two matrices of a layer that write into the residual stream. */
const writers = (factor: number): ScaleRules => [
  { filter: "mixer.o", value: factor },
  { filter: "mlp.down", value: factor },
];

const depth = smolLm2.layers.length;
/** Where the card's 30th and 16th of 48 layers stand in this model. */
const [middle, deep] = [Math.round((depth * 16) / 48), Math.round((depth * 30) / 48)];

/** All layers, those from one number to another with factors. */
function scaled(from: number, to: number, scale: ScaleRules): readonly SliceSpec[] {
  const slices: readonly SliceSpec[] = [{ layers: [0, from] }, { layers: [from, to], scale }, { layers: [to, depth] }];
  return slices.filter(({ layers: [first, end] }) => end > first);
}

/** All layers but one. */
function without(layer: number): readonly SliceSpec[] {
  const slices: readonly SliceSpec[] = [{ layers: [0, layer] }, { layers: [layer + 1, depth] }];
  return slices.filter(({ layers: [first, end] }) => end > first);
}

/** The card's ladder: nothing in the first of twelve steps, then 1.5, 1.5, 2, 2, … 4; its last layer is left out. */
const ladder: readonly SliceSpec[] = Array.from({ length: 12 }, (_, step) => {
  const edge = (at: number): number => Math.round((at * depth) / 12);
  const layers = [edge(step), step === 11 ? depth - 1 : edge(step + 1)] as const;
  return step === 0 ? { layers } : { layers, scale: writers(1 + Math.ceil(step / 2) / 2) };
});

/** Two thirds of the layers, and two thirds again, the middle third twice. */
const [third, twoThirds] = [Math.round(depth / 3), Math.round((2 * depth) / 3)];

/** Ways to stack SmolLM2-135M, none of them trained. */
export const merges: Readonly<Record<string, readonly SliceSpec[]>> = {
  plain: [{ layers: [0, depth] }],
  deep: scaled(deep, depth, writers(1.5)),
  middle: scaled(middle, deep, writers(1.5)),
  uniform: scaled(0, depth, writers(1.5)),
  "deep-attention": scaled(deep, depth, [{ filter: "mixer.o", value: 1.5 }]),
  "without-attention": scaled(0, depth, [{ filter: "mixer.o", value: 0 }]),
  "deep-less": scaled(deep, depth, writers(0.75)),
  ladder,
  "without-first": without(0),
  "without-third": without(third),
  "without-two-thirds": without(twoThirds),
  "without-last": without(depth - 1),
  repeated: [{ layers: [0, twoThirds] }, { layers: [third, depth] }],
  attenuated: [
    { layers: [0, twoThirds] },
    { layers: [third, twoThirds], scale: writers(0.5) },
    { layers: [twoThirds, depth] },
  ],
};

const stories = { kind: "tinystories-13k" } as const;
/** The kit's own stories, which no study is trained on. */
const others = { kind: "toy-stories", seed: 7, count: 4000 } as const;

const ofMerges: MeasureSpec = { kind: "loss", corpus: stories, texts: 4, tokens: 512 };

/** What of a merge is measured beside its loss: what the card says of single abilities. */
const ofAbilities: readonly (readonly [merge: string, name: string, measure: MeasureSpec])[] = [
  ...["plain", "deep", "middle", "uniform", "deep-attention", "without-attention"].map(
    (merge) => [merge, "planted", { kind: "planted", texts: 8, tokens: 128 }] as const,
  ),
  ...["plain", "deep", "middle"].map((merge) => [merge, "classes", { kind: "classes", texts: 16 }] as const),
];

/** Stories apart, as these models were trained and are judged; most are not much longer. */
const apart = { documents: "apart", tokens: 128 } as const;

const ofTrained: Readonly<Record<string, MeasureSpec>> = {
  "other-corpus": { kind: "loss", corpus: others, texts: 16, ...apart },
  recency: { kind: "recency", corpus: stories, texts: 32, ...apart },
  shift: { kind: "shift", corpus: stories, texts: 32, tokens: 128 },
  planted: { kind: "planted", texts: 32, tokens: 128 },
  overlap: { kind: "overlap", corpus: stories, texts: 16, ...apart },
  adaptation: { kind: "adaptation", corpus: stories, texts: 32, ...apart },
};

/** Whether a model has what a measure is about. */
function measurable({ arms }: Study, arm: string, { kind }: MeasureSpec): boolean {
  const layerOf = (name: string): LayerSpec => arms[name].spec.model.layers[0];
  const { norm, squeezeExcite } = layerOf(arm);
  switch (kind) {
    case "adaptation":
      return norm.kind === "adaptiveRmsNorm" || squeezeExcite !== undefined;
    case "overlap":
      // Of interest beside an arm whose maps come in pairs.
      return Object.keys(arms).some((name) => layerOf(name).mixer.kind.startsWith("differential"));
    default:
      return true;
  }
}

export const measurements: readonly PlannedMeasurement[] = [
  ...Object.entries(merges).map(([name, slices]): PlannedMeasurement => {
    return { name: `merges/${name}`, subject: { kind: "known", name: "smollm2-135m", slices }, measure: ofMerges };
  }),
  ...ofAbilities.map(([merge, name, measure]): PlannedMeasurement => {
    const subject = { kind: "known", name: "smollm2-135m", slices: merges[merge] } as const;
    return { name: `merges/${merge}/${name}`, subject, measure };
  }),
  ...[healStories, liquidModules, growing].flatMap((study) =>
    Object.keys(study.arms).flatMap((arm) =>
      Object.entries(ofTrained)
        .filter(([, measure]) => measurable(study, arm, measure))
        .map(([name, measure]): PlannedMeasurement => {
          return { name: `${study.name}/${arm}/${name}`, subject: { kind: "arm", study, arm }, measure };
        }),
    ),
  ),
];
