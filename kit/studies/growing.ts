/** What a trained model gains from more layers and more heads, which begin without effect. */
import { type Arm, healing, type Study } from "../lab/index.js";
import type { ModelConfig } from "../model/index.js";
import { mergeText, type NamedSlice, type Recipe, type ScaleRules } from "../surgery/index.js";
import { stories } from "./trained.js";

const { source, config, dials } = stories;

/** What leaves the residual stream as it is. */
const silent: ScaleRules = ["o_proj", "down_proj"].map((filter) => ({ filter, value: 0 }));

/** Behind each layer its copy, which adds nothing at first: what `addLayers` makes, as a merge. */
const deeper: readonly NamedSlice[] = config.layers.flatMap((_, i): readonly NamedSlice[] => {
  const slice = { model: source, layers: [i, i + 1] } as const;
  return [slice, { ...slice, scale: silent }];
});

/** Half as many heads again. */
const wider: Recipe = { heads: 2, init: "identity" };

type Grown = { readonly model?: ModelConfig; readonly merge?: string; readonly recipe?: Recipe };

function arm(label: string, { model = config, ...grown }: Grown = {}): Arm {
  return { label, spec: healing(model, { ...dials, source, ...grown, corpus: { kind: "tinystories-13k" } }) };
}

/** The card of a merge: "you can also add new layers", "increasing the number of attention heads". */
export const growing: Study = {
  name: "grow",
  title: "More layers and more heads for TinyStories-656K",
  question: "Does a trained model learn more from a million tokens when layers or heads are added to it?",
  arms: {
    control: arm("the base itself"),
    layers: arm("twice the layers", {
      model: { ...config, layers: config.layers.flatMap((layer) => [layer, layer]) },
      merge: mergeText(deeper, { dtype: "float32" }),
    }),
    heads: arm("half as many heads again", { recipe: wider }),
  },
  baseline: "control",
  seeds: [0, 1, 2],
  pilot: stories.pilot,
};
