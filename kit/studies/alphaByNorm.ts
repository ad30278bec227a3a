import type { Arm, Study } from "../lab/index.js";
import type { LinearSpec, ModelConfig } from "../model/index.js";
import { teenyS, teenySConv } from "../model/index.js";
import { pilot, teenyRun } from "./teeny.js";

type Ternary = Extract<LinearSpec, { readonly kind: "ternary" }>;

const scales: Readonly<Record<string, readonly [label: string, scale: Ternary["scale"]]>> = {
  tensor: ["α per tensor", "per-tensor"],
  group256: ["α per 256", { group: 256, aligned: false }],
  group64: ["α per 64", { group: 64, aligned: true }],
};

const norms: Readonly<Record<string, readonly [label: string, norm: Ternary["norm"]]>> = {
  block: ["norm per block", "block"],
  linear: ["norm per linear", "per-linear"],
};

/** Every granularity of the scale with every place of the norm. */
function arms(model: ModelConfig): Readonly<Record<string, Arm>> {
  return Object.fromEntries(
    Object.entries(scales).flatMap(([scaleName, [scaleLabel, scale]]) =>
      Object.entries(norms).map(([normName, [normLabel, norm]]) => {
        const linear: LinearSpec = { kind: "ternary", scale, norm };
        return [
          `${scaleName}-${normName}`,
          { label: `${scaleLabel}, ${normLabel}`, spec: teenyRun({ ...model, linear }) },
        ] as const;
      }),
    ),
  );
}

const question =
  "The author of teeny-s: “previous run was better without per block alpha and rmsnorm before linear”. Was it these?";

/** On the gated convolution, where its author saw it. */
export const alphaByNormConv: Study = {
  name: "alpha-by-norm-conv",
  title: "Scale by norm, gated convolution",
  question,
  arms: arms(teenySConv),
  baseline: "tensor-block",
  seeds: [0, 1, 2, 3, 4],
  pilot,
};

/** On Gated DeltaNet. */
export const alphaByNormDelta: Study = {
  name: "alpha-by-norm-deltanet",
  title: "Scale by norm, Gated DeltaNet",
  question,
  arms: arms(teenyS),
  baseline: "tensor-block",
  seeds: [0, 1, 2],
  pilot,
};
