import { type FloatDType, torchNames } from "../../weights/dtypes.js";
import { fieldsOf, itemsOf, type Named, type Refused, shown, textOf } from "./fields.js";
import type { Mistakes, Place } from "./mistakes.js";
import { type PlacedRule, readParameters } from "./settings.js";
import { type Field, type Located, readYaml } from "./yaml.js";

/** What a mergekit configuration says about a passthrough merge. */
export type MergeConfig = {
  readonly slices: readonly SliceConfig[];
  /** Rules for all slices: of the module and of the whole, as far as there are any. */
  readonly shared: Scopes;
  /** Gives the config and, unless something else is said, the tokenizer. */
  readonly baseModel?: Named;
  /** Type every tensor is rounded to before it is scaled, and the type it is written as. */
  readonly dtype?: FloatDType;
  readonly outDType?: FloatDType;
  readonly tokenizer?: Named;
};

export type SliceConfig = {
  readonly model: Named;
  /** `all` in the form that lists models instead of slices. */
  readonly layers: LayerRange | "all";
  /** Its own rules: of the source and of the slice, as far as there are any. */
  readonly own: Scopes;
};

/** Rules by scope, the narrowest first. */
export type Scopes = readonly (readonly PlacedRule[])[];

/** Layers from the first number up to but not including the second. */
export type LayerRange = { readonly from: number; readonly to: number; readonly place: Place };

/**
 * Reads a mergekit configuration of the passthrough method.
 *
 * @param text YAML
 * @param mistakes receives everything mergekit would refuse, and what it would pass over in silence
 * @returns what could be read; without mistakes, all of it
 * @see mergekit 0.1.5, config.MergeConfiguration
 */
export function readMergeConfig(text: string, mistakes: Mistakes): MergeConfig | undefined {
  const root = readYaml(text, mistakes);
  if (root === undefined) return undefined;
  const keys = ["merge_method", "slices", "models", "modules", "base_model", "dtype", "out_dtype"] as const;
  const fields = fieldsOf(root, "the configuration", [...keys, "tokenizer_source", "parameters"], mistakes, refused);
  if (root.kind !== "map") return undefined;
  expectPassthrough(fields.merge_method, root.place, mistakes);
  const whole = readParameters(fields.parameters, mistakes);
  const { slices, models, modules } = fields;
  return {
    ...readContent({ slices, models, modules }, root.place, whole === undefined ? [] : [whole], mistakes),
    baseModel: fields.base_model && textOf(fields.base_model, "base_model", mistakes),
    dtype: fields.dtype && readDType(fields.dtype, "dtype", mistakes),
    outDType: fields.out_dtype && readDType(fields.out_dtype, "out_dtype", mistakes),
    tokenizer: fields.tokenizer_source && readTokenizer(fields.tokenizer_source, mistakes),
  };
}

const refused: Refused = {
  tokenizer: "Tokenizers are not put together here: tokenizer_source names the model whose tokenizer is copied",
  chat_template: "Chat templates are not set here: the tokenizer is copied with its own",
};

/** The other methods of mergekit: what somebody may mean who names one. */
const otherMethods =
  /^(linear|slerp|nuslerp|multislerp|karcher|task_arithmetic|d?are_?\w*|ties|della\w*|breadcrumbs\w*|sce|ram\w*|model_stock|nearswap|arcee_fusion)$/;

function expectPassthrough(field: Field | undefined, root: Place, mistakes: Mistakes): void {
  if (field === undefined) {
    mistakes.add(root, "There is no merge_method", { expected: "merge_method: passthrough" });
    return;
  }
  const method = textOf(field, "merge_method", mistakes);
  if (method === undefined || method.name === "passthrough") return;
  mistakes.add(method.place, `merge_method is ${JSON.stringify(method.name)}`, {
    expected: "passthrough",
    fix: otherMethods.test(method.name)
      ? "This kit merges by passthrough alone: mergekit has the other methods"
      : undefined,
  });
}

type Content = { readonly slices?: Field; readonly models?: Field; readonly modules?: Field };
type Read = Pick<MergeConfig, "slices" | "shared">;

/** Exactly one of the three forms. */
function readContent(content: Content, place: Place, shared: Scopes, mistakes: Mistakes): Read {
  const given = Object.entries(content).filter(([, field]) => field !== undefined);
  if (given.length !== 1) {
    const names = given.map(([name]) => name);
    const what = names.length === 0 ? "Nothing says what is merged" : `There are both ${names.join(" and ")}`;
    mistakes.add(given[1]?.[1]?.place ?? place, what, {
      expected: `exactly one of ${Object.keys(content).join(", ")}`,
    });
    return { slices: [], shared };
  }
  const { slices, models, modules } = content;
  if (modules !== undefined) return readModules(modules, shared, mistakes);
  return { slices: slices === undefined ? readModels(models!, mistakes) : readSlices(slices, mistakes), shared };
}

const withoutEffect: Refused = {
  base_model: "base_model has no effect on a slice of a passthrough merge: it stands at the top, or nowhere",
  residual_weight: "residual_weight has no effect: remove it",
};

function readSlices(field: Field, mistakes: Mistakes): readonly SliceConfig[] {
  return itemsOf(field, "slices", mistakes).flatMap((slice) => {
    const fields = fieldsOf(slice, "a slice", ["sources", "parameters"], mistakes, withoutEffect);
    if (slice.kind !== "map") return [];
    const own = narrowed(fields.parameters, [], mistakes);
    if (fields.sources === undefined) {
      mistakes.add(slice.place, "This slice has no sources");
      return [];
    }
    const source = onlyOne(itemsOf(fields.sources, "sources", mistakes), "A slice of a passthrough merge", mistakes);
    return source === undefined ? [] : readSource(source, own, mistakes);
  });
}

/** What passes through has one origin. */
function onlyOne(items: readonly Located[], what: string, mistakes: Mistakes): Located | undefined {
  const [only, second] = items;
  if (second === undefined) return only;
  mistakes.add(second.place, `${what} has ${items.length} sources`, { expected: "one" });
  return undefined;
}

function readSource(source: Located, wider: Scopes, mistakes: Mistakes): readonly SliceConfig[] {
  const fields = fieldsOf(source, "a source", ["model", "layer_range", "parameters"], mistakes);
  if (source.kind !== "map") return [];
  const own = narrowed(fields.parameters, wider, mistakes);
  const model = readModel(fields.model, source.place, mistakes);
  if (fields.layer_range === undefined) {
    mistakes.add(source.place, "This source has no layer_range", { expected: "layer_range: [first, last + 1]" });
    return [];
  }
  const layers = readRange(fields.layer_range, mistakes);
  return model === undefined || layers === undefined ? [] : [{ model, layers, own }];
}

function readModels(field: Field, mistakes: Mistakes): readonly SliceConfig[] {
  const entry = onlyOne(itemsOf(field, "models", mistakes), "A passthrough merge of models", mistakes);
  if (entry === undefined) return [];
  const fields = fieldsOf(entry, "an entry of models", ["model", "parameters"], mistakes, {
    layer_range: "layer_range has no effect in models: write slices instead",
  });
  if (entry.kind !== "map") return [];
  const own = narrowed(fields.parameters, [], mistakes);
  const model = readModel(fields.model, entry.place, mistakes);
  return model === undefined ? [] : [{ model, layers: "all", own }];
}

/** A model with one list of layers has one module, which mergekit calls `default`. */
function readModules({ value }: Field, shared: Scopes, mistakes: Mistakes): Read {
  const { default: module } = fieldsOf(value, "modules", ["default"], mistakes);
  if (module === undefined) {
    if (value.kind === "map" && value.fields.size === 0) mistakes.add(value.place, "modules is empty");
    return { slices: [], shared };
  }
  const fields = fieldsOf(module.value, "a module", ["slices", "models", "parameters"], mistakes);
  if (module.value.kind !== "map") return { slices: [], shared };
  const { slices, models, parameters } = fields;
  return readContent({ slices, models }, module.place, narrowed(parameters, shared, mistakes), mistakes);
}

function narrowed(field: Field | undefined, wider: Scopes, mistakes: Mistakes): Scopes {
  const own = readParameters(field, mistakes);
  return own === undefined ? wider : [own, ...wider];
}

function readModel(field: Field | undefined, place: Place, mistakes: Mistakes): Named | undefined {
  if (field === undefined) mistakes.add(place, "There is no model here", { expected: "model: a path or a name" });
  return field && textOf(field, "model", mistakes);
}

function readRange({ value }: Field, mistakes: Mistakes): LayerRange | undefined {
  const expected = "[first, last + 1], two whole numbers";
  const numbers = value.kind === "list" ? value.items.map((item) => (item.kind === "scalar" ? item.value : null)) : [];
  const [from, to] = numbers;
  if (numbers.length !== 2 || !Number.isInteger(from) || !Number.isInteger(to)) {
    const text = value.kind === "list" ? `[${value.items.map(shown).join(", ")}]` : shown(value);
    mistakes.add(value.place, `layer_range is ${text}`, { expected });
    return undefined;
  }
  const range = { from: from as number, to: to as number, place: value.place };
  const text = `layer_range [${range.from}, ${range.to}]`;
  if (range.from < 0) mistakes.add(value.place, `${text} starts below 0`, { expected });
  else if (range.from === range.to)
    mistakes.add(value.place, `${text} holds no layer: the second number is not included`);
  else if (range.from > range.to) mistakes.add(value.place, `${text} is reversed`, { expected });
  else return range;
  return undefined;
}

/** `base` stays as it is: which model that is, is known once the models are. */
function readTokenizer(field: Field, mistakes: Mistakes): Named | undefined {
  const source = textOf(field, "tokenizer_source", mistakes);
  if (source?.name !== "union") return source;
  mistakes.add(source.place, "tokenizer_source is union", {
    expected: "base or a model",
    fix: "A passthrough merge copies rows of the embedding as they are, so that only one vocabulary fits",
  });
  return undefined;
}

const dtypes: Readonly<Record<string, FloatDType>> = Object.fromEntries(
  Object.entries(torchNames).map(([dtype, name]) => [name, dtype as FloatDType]),
);

const shortNames: Readonly<Record<string, string>> = {
  bf16: "bfloat16",
  fp16: "float16",
  f16: "float16",
  half: "float16",
  fp32: "float32",
  f32: "float32",
  float: "float32",
  fp64: "float64",
  double: "float64",
};

function readDType(field: Field, what: string, mistakes: Mistakes): FloatDType | undefined {
  const text = textOf(field, what, mistakes);
  if (text === undefined) return undefined;
  const name = text.name.replace(/^torch\./, "");
  if (Object.hasOwn(dtypes, name)) return dtypes[name];
  const meant = shortNames[name.toLowerCase()];
  mistakes.add(text.place, `${what} is ${JSON.stringify(text.name)}`, {
    expected: Object.keys(dtypes).join(", "),
    fix: meant && `Did you mean ${meant}?`,
  });
  return undefined;
}
