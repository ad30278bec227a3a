import { UserError } from "../errors.js";
import type { LayerSpec, ModelConfig } from "./config.js";
import type { PartName } from "./parts.js";
import { mixerOf, normOf } from "./registry.js";

/**
 * Whether documents may branch: one beginning, and several ends in the same row. Attention asks which tokens may be seen, and
 * nothing else looks at other tokens; convolutions, pools and recurrent rules take them in the order in which they stand.
 */
export function mayBranch({ layers }: ModelConfig): boolean {
  return layers.every((layer) => orderedPart(layer) === undefined);
}

/** @throws UserError that names the first part that needs tokens in one order */
export function refuseOrder({ layers }: ModelConfig): void {
  for (const [i, layer] of layers.entries()) {
    const part = orderedPart(layer);
    if (part === undefined) continue;
    throw new UserError("documents of this model cannot branch", {
      where: `layers.${i}.${part} takes tokens in one order`,
      expected: "attention, plain norms, no token mixing and no squeeze-and-excitation",
    });
  }
}

function orderedPart({ norm, mixer, tokenMixing, squeezeExcite }: LayerSpec): PartName | undefined {
  if (normOf(norm).branching !== true) return "mixerNorm";
  if (mixerOf(mixer).branching !== true) return "mixer";
  if (tokenMixing !== undefined) return "tokenMixing";
  return squeezeExcite === undefined ? undefined : "squeezeExcite";
}
