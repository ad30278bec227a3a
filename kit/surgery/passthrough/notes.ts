import type { TakenSlice } from "./checks.js";
import type { MergeConfig } from "./config.js";
import { meaningDifferences } from "./meaning.js";
import { positionText } from "./mistakes.js";
import type { PlacedRule } from "./settings.js";
import type { MergeSource } from "./source.js";

/**
 * What is allowed and yet perhaps not meant: layers left out at the end of the last slice or between two slices, rules that never
 * decide, models that differ in something their shapes do not show.
 */
export function notesOn(
  slices: readonly TakenSlice[],
  { shared }: MergeConfig,
  donor: MergeSource,
  decided: ReadonlySet<PlacedRule>,
): readonly string[] {
  return [...leftOut(slices), ...idleRules(slices, shared, decided), ...differences(slices, donor)];
}

/** Whoever reads the second number of a range as included loses a layer at each end. */
function leftOut(slices: readonly TakenSlice[]): string[] {
  const gaps = slices.slice(1).flatMap(({ source, from }, i) => {
    const before = slices[i];
    if (before.source !== source || from !== before.to + 1) return [];
    return [`layer ${before.to} of ${source.name} is left out between [${before.from}, ${before.to}] and [${from}, …]`];
  });
  const { source, to } = slices[slices.length - 1];
  const depth = source.stack.layers.length;
  const numbers = to === depth - 1 ? `layer ${to}` : `layers ${to} to ${depth - 1}`;
  const end = to < depth ? [`the last slice ends before ${numbers} of ${source.name}, which has ${depth} layers`] : [];
  const found = [...gaps, ...end];
  return found.map((line) => `${line}: the second number of a layer_range is not included`);
}

function idleRules(slices: readonly TakenSlice[], shared: MergeConfig["shared"], decided: ReadonlySet<PlacedRule>) {
  const all = [...slices.flatMap(({ config }) => config.own), ...shared].flat();
  return all
    .filter((rule) => !decided.has(rule))
    .map(({ filter, place }) => {
      const what = filter === undefined ? "the value without filter" : `the filter ${filter}`;
      return `${positionText(place)} ${what} decides on no tensor: others come first`;
    });
}

function differences(slices: readonly TakenSlice[], donor: MergeSource): string[] {
  return [...new Set(slices.map(({ source }) => source))].flatMap((source) => {
    return meaningDifferences(source.config, donor.config).map(
      (line) => `in ${source.name}, ${line} as in ${donor.name}, whose config is kept`,
    );
  });
}
