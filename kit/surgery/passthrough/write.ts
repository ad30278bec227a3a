/** Mergekit configurations as text: from slices as values, and from a plan with factors that were fitted since. */
import { isFloatDType, torchNames } from "../../weights/dtypes.js";
import { huggingFaceNames, storedName } from "../../weights/index.js";
import type { MergePlan, PlannedPart, PlannedTensor } from "./plan.js";
import type { ScaleRule, ScaleRules } from "./rules.js";

/** Layers of a model that is called by a name, from the first number up to but not including the second. */
export type NamedSlice = {
  readonly model: string;
  readonly layers: readonly [from: number, to: number];
  readonly scale?: ScaleRules;
};

/** Settings of a merge beside its slices, by their names in the file. */
type Settings = { readonly [name in "base_model" | "tokenizer_source" | "dtype" | "out_dtype"]?: string };

/** A configuration that mergekit and `planMerge` read. */
export function mergeText(slices: readonly NamedSlice[], settings: Settings = {}): string {
  const lines = slices.flatMap(({ model, layers, scale = [] }) => [
    "  - sources:",
    `      - model: ${JSON.stringify(model)}`,
    `        layer_range: [${layers.join(", ")}]`,
    ...(scale.length === 0 ? [] : ["        parameters:", "          scale:", ...scale.flatMap(ruleLines)]),
  ]);
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  const rest = given.map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return `${["slices:", ...lines, "merge_method: passthrough", ...rest].join("\n")}\n`;
}

function ruleLines({ filter, value }: ScaleRule): readonly string[] {
  const number = `value: ${JSON.stringify(value)}`;
  if (filter === undefined) return [`            - ${number}`];
  return [`            - filter: ${JSON.stringify(filter)}`, `              ${number}`];
}

/** Factors of a merged model's matrices by path, such as `layers.5.mixer.o`, as `train.Part.factors` gives them. */
export type Factors = Readonly<Record<string, number>>;

/**
 * The configuration of a merge whose tensors are multiplied by further factors: a slice for each layer, in which each factor is
 * what the plan had times what was fitted.
 */
export function fittedText(plan: MergePlan, factors: Factors): string {
  const { before, layers, after } = plan.parts;
  const byName = factorsByName(factors);
  const slices = layers.map((layer, i): NamedSlice => {
    const outside = [...(i === 0 ? before.tensors : []), ...(i === layers.length - 1 ? after.tensors : [])];
    const number = layer.part as number;
    return {
      model: layer.source,
      layers: [number, number + 1],
      scale: rulesOf([...layer.tensors, ...outside], byName),
    };
  });
  const cast = layers[0].tensors.find(({ ref }) => ref.cast !== undefined)?.ref.cast;
  return mergeText(slices, {
    base_model: plan.base,
    tokenizer_source: plan.tokenizerAsked ? plan.tokenizer.name : undefined,
    dtype: cast !== undefined && isFloatDType(cast) ? torchNames[cast] : undefined,
    out_dtype: plan.dtype && torchNames[plan.dtype],
  });
}

/** The factor of each tensor of a layer, those of its rules and those that were fitted together; by names of the kit. */
export function fittedFactor({ name, ref }: PlannedTensor, byName: ReadonlyMap<string, number>): number {
  return (ref.scale ?? 1) * (byName.get(name) ?? 1);
}

/** Factors by the names that the kit's own folders and those of transformers give a path. */
export function factorsByName(factors: Factors): ReadonlyMap<string, number> {
  return new Map(
    Object.entries(factors).flatMap(([path, factor]) =>
      [path, storedName(huggingFaceNames, path)].flatMap((name) =>
        name === undefined ? [] : [[name, factor] as const],
      ),
    ),
  );
}

/**
 * A rule for each tensor that is scaled. A filter is part of a name: where one is part of another tensor's name too, that tensor
 * has a rule of its own before it.
 */
function rulesOf(tensors: PlannedPart["tensors"], byName: ReadonlyMap<string, number>): ScaleRules {
  const all = tensors.map((tensor) => ({ filter: tailOf(tensor.from), value: fittedFactor(tensor, byName) }));
  const scaled = all.filter(({ value }) => value !== 1);
  return all
    .filter((rule) => scaled.some(({ filter }) => rule.filter.includes(filter)))
    .sort((a, b) => b.filter.length - a.filter.length);
}

/** A name behind the number of its layer, such as `self_attn.o_proj.weight`. */
function tailOf(name: string): string {
  return name.replace(/^.*?\.\d+\./, "");
}
