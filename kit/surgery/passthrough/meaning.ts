/** What a config says that changes what a layer computes, though no shape shows it. */
import { isOfType, llamaDefaults } from "../../weights/huggingface-config.js";
import type { ConfigJson } from "../../weights/index.js";
import { isRecord } from "../../weights/json.js";

/**
 * Fields of transformers in which models that share a config may differ, each as a text. What a config leaves out is not there,
 * unless the default is known.
 */
type Meaning = {
  readonly [Field in (typeof fields)[number]]?: string;
};

const fields = ["rope_theta", "rope_scaling", "partial_rotary_factor", "rms_norm_eps", "sliding_window"] as const;

/** What a Llama's config means by nothing; other models have other defaults. */
const llama: Meaning = {
  rope_theta: text(llamaDefaults.rope_theta),
  partial_rotary_factor: text(1),
  rms_norm_eps: text(llamaDefaults.rms_norm_eps),
  sliding_window: text(null),
};

/**
 * Differences that change what a layer computes, but not whether it fits.
 *
 * @param source the config of the model whose layers are used
 * @param donor the config that is kept
 * @returns a line for each
 */
export function meaningDifferences(source: ConfigJson, donor: ConfigJson): readonly string[] {
  const [here, there] = [meaningOf(source), meaningOf(donor)];
  return fields.flatMap((field) => {
    const [a, b] = [here[field], there[field]];
    return a === b ? [] : [`${field} is ${a ?? "the default"} instead of ${b ?? "the default"}`];
  });
}

/** Versions 4 and 5 of transformers spell the rotary fields differently: here they are one. */
function meaningOf(config: ConfigJson): Meaning {
  const { type, ...rotary } = { ...recordIn(config.rope_scaling), ...recordIn(config.rope_parameters) };
  const { rope_theta: theta, partial_rotary_factor: partial, rope_type: kind = type, ...rest } = rotary;
  const scaling = (kind ?? "default") === "default" ? rest : { ...rest, rope_type: kind };
  const said = {
    rope_theta: theta ?? config.rope_theta ?? undefined,
    rope_scaling: Object.keys(scaling).length === 0 ? null : scaling,
    partial_rotary_factor: partial ?? config.partial_rotary_factor ?? undefined,
    rms_norm_eps: config.rms_norm_eps ?? undefined,
    // Here null is an answer: no window.
    sliding_window: config.use_sliding_window === false ? null : config.sliding_window,
  };
  const defined = Object.entries(said).filter(([, value]) => value !== undefined);
  const defaults = isOfType(config, "llama") ? llama : {};
  return { ...defaults, ...Object.fromEntries(defined.map(([field, value]) => [field, text(value)])) };
}

function recordIn(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

/** Equal values have equal texts, whatever the order of their fields. */
function text(value: unknown): string {
  if (value === null) return "none";
  return JSON.stringify(value, (_, part: unknown) =>
    isRecord(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
}
