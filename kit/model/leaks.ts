import { UserError } from "../errors.js";
import type { LayerSpec, ModelConfig } from "./config.js";
import type { PartName } from "./parts.js";
import { mixerOf, normOf, squeezeExcitePart } from "./registry.js";

/**
 * The parts of a model that see later tokens, such as `layers.3.squeezeExcite`; of a causal model none.
 *
 * A loss or a score of a leaky model says nothing about predicting: it has seen part of the answer.
 */
export function leaks({ layers }: ModelConfig): string[] {
  return layers.flatMap((layer, i) => leakyParts(layer).map((name) => `layers.${i}.${name}`));
}

function leakyParts({ norm, mixer, squeezeExcite }: LayerSpec): PartName[] {
  const ofNorm = normOf(norm).leaks?.(norm) === true;
  return [
    ...(ofNorm ? (["mixerNorm"] as const) : []),
    ...(mixerOf(mixer).leaks?.(mixer) === true ? (["mixer"] as const) : []),
    ...(ofNorm ? (["mlpNorm"] as const) : []),
    ...(squeezeExcite !== undefined && squeezeExcitePart.leaks?.(squeezeExcite) === true
      ? (["squeezeExcite"] as const)
      : []),
  ];
}

/** Whether a model that sees the future is wanted all the same. */
export type LeakOptions = {
  /** Its figures are then not comparable with those of any other model. Default: it is refused. */
  readonly allowLeak?: true;
};

/**
 * Lets causal models pass.
 *
 * @param what what is refused, for the message: "Training"
 * @throws UserError that names the first part that sees the future, unless that is allowed
 */
export function refuseLeaks(config: ModelConfig, what: string, { allowLeak }: LeakOptions = {}): void {
  if (allowLeak !== true) refuse(config, what, "Or say allowLeak: true, and compare the result with nothing");
}

/**
 * The same where nothing else is possible.
 *
 * @throws UserError that names the first part that sees the future
 */
export function refuseAllLeaks(config: ModelConfig, what: string): void {
  refuse(config, what);
}

function refuse(config: ModelConfig, what: string, fix?: string): void {
  const found = leaks(config);
  if (found.length === 0) return;
  const more = found.length > 1 ? ` and ${found.length - 1} more` : "";
  throw new UserError(`${what} is refused: the model sees the future`, {
    where: `${found[0]}${more}`,
    expected: 'a pool of kind "prefix" or "ema"',
    fix,
  });
}
