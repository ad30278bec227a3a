/** Differential attention as dials: the same layers with another attention. */
import { UserError } from "../errors.js";
import { type DifferentialV1Spec, type HeadSplit, lambdaInitAt, splitLaws } from "../nn/index.js";
import type { LayerSpec, ModelConfig } from "./config.js";

/** Which differential attention. */
export type DifferentialDials =
  | {
      readonly version: 1;
      readonly split: HeadSplit;
      /** Default `subNorm`. With `residual`, of halved heads, λ_init is 0: a layer may begin as the attention it was. */
      readonly output?: DifferentialV1Spec["output"];
    }
  | {
      readonly version: 2;
      /** Whether the gate has a bias. Default: no, as the reference. */
      readonly lambdaBias?: true;
    };

/**
 * A layer with differential in place of plain attention; what else it is stays.
 *
 * The first version's projections have the shapes of those they replace. The second's queries are twice as many.
 *
 * @param depth Index of the layer, on which the first version's λ_init depends.
 * @throws UserError when the layer has no attention, or its heads cannot be split so
 */
export function differentialLayer(layer: LayerSpec, depth: number, dials: DifferentialDials): LayerSpec {
  const { mixer } = layer;
  if (mixer.kind !== "attention") {
    throw new UserError(`Layer ${depth} has no attention to make differential`, {
      where: `its mixer is ${mixer.kind}`,
    });
  }
  if (dials.version === 2) {
    const bias = dials.lambdaBias === true ? ({ lambdaBias: true } as const) : {};
    return { ...layer, mixer: { ...mixer, kind: "differentialV2", ...bias } };
  }
  const { split, output = "subNorm" } = dials;
  const lambdaInit = output === "residual" ? 0 : lambdaInitAt(depth);
  const spec = { ...mixer, kind: "differentialV1", split, output, lambdaInit } as const;
  const broken = splitLaws.find(({ holds }) => !holds(spec));
  if (broken === undefined) return { ...layer, mixer: spec };
  throw new UserError(`The heads of layer ${depth} cannot be split: ${broken.field} is ${spec[broken.field]}`, {
    expected: broken.expected,
    fix: anyHeads(spec) ? 'The split "withinHead" fits any number of heads' : undefined,
  });
}

/** Whether another split would do: heads within which one can, and an output that it has. */
function anyHeads({ split, output, headDim }: DifferentialV1Spec): boolean {
  return split !== "withinHead" && output !== "residual" && headDim % 4 === 0;
}

/** A model whose attention is differential in all layers. */
export function differential(config: ModelConfig, dials: DifferentialDials): ModelConfig {
  return { ...config, layers: config.layers.map((layer, i) => differentialLayer(layer, i, dials)) };
}
