import { nearest } from "../../errors.js";
import type { LayerRange, MergeConfig, SliceConfig } from "./config.js";
import { misfits } from "./fit.js";
import type { Mistakes } from "./mistakes.js";
import { type NamedTensors, shortName } from "./names.js";
import { applies } from "./rules.js";
import type { PlacedRule } from "./settings.js";
import type { MergeSource } from "./source.js";
import type { Slice } from "./stack.js";

/** Models by the names the configuration has for them; those that could not be opened are left out. */
export type Sources = ReadonlyMap<string, MergeSource>;

/** A slice of a configuration whose model is known to have such layers. */
export type TakenSlice = Slice<NamedTensors> & { readonly source: MergeSource; readonly config: SliceConfig };

/** The slices that can be taken. @param mistakes receives ranges beyond a model's layers */
export function takenSlices({ slices }: MergeConfig, sources: Sources, mistakes: Mistakes): readonly TakenSlice[] {
  return slices.flatMap((config) => {
    const source = sources.get(config.model.name);
    if (source === undefined) return [];
    const depth = source.stack.layers.length;
    const { from, to } = config.layers === "all" ? { from: 0, to: depth } : config.layers;
    if (to <= depth) return [{ stack: source.stack, from, to, source, config }];
    const { place } = config.layers as LayerRange;
    mistakes.add(place, `layer_range [${from}, ${to}] goes beyond ${source.name}, which has ${depth} layers`, {
      expected: `at most [${Math.min(from, depth - 1)}, ${depth}]`,
    });
    return [];
  });
}

/** @param mistakes receives, for each model, how it differs from the one whose config is kept */
export function checkFit(slices: readonly TakenSlice[], donor: MergeSource, mistakes: Mistakes): void {
  for (const source of new Set(slices.map((slice) => slice.source))) {
    if (source === donor) continue;
    const own = slices.filter((slice) => slice.source === source);
    const layers = new Set(own.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i)));
    const used = { layers, before: own.includes(slices[0]), after: own.includes(slices[slices.length - 1]) };
    const found = misfits(source, donor, used);
    if (found.length === 0) continue;
    mistakes.add(own[0].config.model.place, `${source.name} does not fit ${donor.name}: ${found.join("; ")}`);
  }
}

/**
 * Finds filters that match no tensor of their scope.
 *
 * @param whole whether all slices could be taken: a filter for all of them may be for one that could not
 */
export function checkFilters(
  slices: readonly TakenSlice[],
  shared: MergeConfig["shared"],
  whole: boolean,
  mistakes: Mistakes,
): void {
  const names = slices.map((_, i) => namesIn(slices, i));
  for (const [i, { config, source, from, to }] of slices.entries()) {
    const where = `${to - from === 1 ? `layer ${from}` : `layers ${from} to ${to - 1}`} of ${source.name}`;
    for (const rule of config.own.flat()) expectMatch(rule, names[i], where, mistakes);
  }
  if (!whole) return;
  for (const rule of shared.flat()) expectMatch(rule, names.flat(), "the layers that are merged", mistakes);
}

/** The names that filters of a slice see: of its layers, and of what stands before the first and behind the last slice. */
function namesIn(slices: readonly TakenSlice[], index: number): string[] {
  const { stack, from, to } = slices[index];
  const parts = [
    ...(index === 0 ? [stack.before] : []),
    ...stack.layers.slice(from, to),
    ...(index === slices.length - 1 ? [stack.after] : []),
  ];
  return parts.flatMap((part) => [...part.keys()]);
}

function expectMatch(rule: PlacedRule, names: readonly string[], where: string, mistakes: Mistakes): void {
  if (names.some((name) => applies(rule, name))) return;
  const near = nearest(rule.filter!, new Set(names.flatMap((name) => [shortName(name), ...name.split(".")])));
  mistakes.add(rule.place, `The filter ${rule.filter} matches no tensor of ${where}`, {
    fix: near && `Did you mean ${near}?`,
  });
}
