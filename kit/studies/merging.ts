/** Factors of a merge's matrices: a ladder by depth, none, and those that gradients find. */
import { type Arm, healing, type Study } from "../lab/index.js";
import { mergeText, type NamedSlice, type ScaleRules } from "../surgery/index.js";
import { stories } from "./trained.js";

/** What the two matrices that write into the residual stream are multiplied by. */
function writing(factor: number): ScaleRules {
  return factor === 1 ? [] : ["o_proj", "down_proj"].map((filter) => ({ filter, value: factor }));
}

/** The card's ladder: four of its 48 layers as they are, then half a step up with every eight. */
function ladderAt(depth: number): number {
  const layer = 48 * depth;
  return layer < 4 ? 1 : 1.5 + 0.5 * Math.floor((layer - 4) / 8);
}

/** Single layers of the base one behind the other, with rules for each. */
function stack(layers: readonly number[], rules: (place: number) => ScaleRules): readonly NamedSlice[] {
  return layers.map((layer, place) => ({ model: stories.source, layers: [layer, layer + 1], scale: rules(place) }));
}

/** What halves the scores of attention. */
const halved: ScaleRules = ["q_proj", "k_proj"].map((filter) => ({ filter, value: Math.SQRT1_2 }));

const twice = [0, 1, 0, 1];

/** Merges by name, and the layers of the base they are made of. */
const merges: Readonly<Record<string, { readonly label: string; readonly slices: readonly NamedSlice[] }>> = {
  base: { label: "the base", slices: stack([0, 1], () => []) },
  ladder: { label: "the base under the ladder", slices: stack([0, 1], (place) => writing(ladderAt(place / 2))) },
  repeated: { label: "its layers twice", slices: stack(twice, () => []) },
  "repeated-ladder": {
    label: "its layers twice under the ladder",
    slices: stack(twice, (place) => writing(ladderAt(place / 4))),
  },
  attenuated: {
    label: "its layers twice, then attenuated",
    slices: stack(twice, (place) => (place < 2 ? [] : [...halved, ...writing(0.5)])),
  },
};

function armOf({ label, slices }: (typeof merges)[string]): Arm {
  const layers = slices.flatMap(({ layers: [from, to] }) => stories.config.layers.slice(from, to));
  const spec = healing(
    { ...stories.config, layers },
    {
      ...stories.dials,
      source: stories.source,
      merge: mergeText(slices, { dtype: "float32" }),
      corpus: { kind: "tinystories-13k" },
      part: { kind: "scales" },
    },
  );
  return { label, spec };
}

/** The card of the model of 48 layers scales its deep output and down projections up, by a ladder. */
export const mergeScales: Study = {
  name: "merge-scales",
  title: "Factors of a merge, by ladder and by gradient",
  question:
    "Which factors for what writes into the residual stream does gradient descent find, and are they the ladder's?",
  arms: Object.fromEntries(Object.entries(merges).map(([name, merge]) => [name, armOf(merge)])),
  baseline: "base",
  seeds: [0],
};
