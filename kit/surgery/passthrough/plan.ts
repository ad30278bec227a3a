import { readFile, stat } from "node:fs/promises";
import type { TensorRef } from "../../engine/ref.js";
import { nearest, UserError } from "../../errors.js";
import { fileError } from "../../source/files.js";
import type { ResolveOptions } from "../../source/index.js";
import { writtenDType } from "../../weights/chunks.js";
import { type FloatDType, isFloatDType } from "../../weights/dtypes.js";
import type { ConfigJson } from "../../weights/index.js";
import { outlineRepository } from "../../weights/outline.js";
import { checkFilters, checkFit, type Sources, type TakenSlice, takenSlices } from "./checks.js";
import { type MergeConfig, readMergeConfig } from "./config.js";
import type { Named } from "./fields.js";
import { mergedConfig, vocabOfConfig } from "./mergedConfig.js";
import { Mistakes } from "./mistakes.js";
import { type NamedTensors, renumbered } from "./names.js";
import { notesOn } from "./notes.js";
import { decidingRule, valueAt } from "./rules.js";
import type { PlacedRule } from "./settings.js";
import { type MergeSource, mayFetch, openSource } from "./source.js";
import { type Origin, type Stack, stacked } from "./stack.js";
import { chooseTokenizer } from "./tokenizer.js";

/** A tensor of the result: where it lies, with everything that is pending. */
export type PlannedTensor = { readonly name: string; readonly from: string; readonly ref: TensorRef };

/** A layer of the result, or what stands before or behind the layers. */
export type PlannedPart = {
  readonly source: string;
  readonly part: Origin["part"];
  readonly tensors: readonly PlannedTensor[];
};

/** Everything a merge will do, laid out before a weight is read. */
export type MergePlan = {
  /** The configuration: its file, and its text as it is. */
  readonly file: string;
  readonly text: string;
  readonly parts: Stack<PlannedPart>;
  readonly config: ConfigJson;
  /** Element type of what is written; each tensor's own unless given. */
  readonly dtype?: FloatDType;
  /** The models in the order of their appearance, the base first. */
  readonly models: readonly MergeSource[];
  readonly base?: string;
  /** Whose config, settings and tokenizer the result has. */
  readonly donor: MergeSource;
  readonly tokenizer: MergeSource;
  /** Whether the configuration asks for that tokenizer: the embedding has as many rows then as it has tokens. */
  readonly tokenizerAsked: boolean;
  /** What is allowed and yet perhaps not meant. */
  readonly notes: readonly string[];
  /** Laid out from headers alone: it can be looked at, and not be carried out. */
  readonly outline?: true;
};

export type PlanOptions = ResolveOptions & {
  /** Paths or names that stand for models of the configuration. */
  readonly models?: Readonly<Record<string, string>>;
  /** For a look: of safetensors files on the hub only the headers are fetched, and the plan cannot be carried out. */
  readonly outline?: true;
};

/**
 * Lays out a passthrough merge from a mergekit configuration. Headers are read, weights are not; models that are only on the hub
 * are fetched, but for an outline.
 *
 * For each tensor: round to `dtype`, multiply by the factor of the first rule that matches its name in the source, round to
 * `out_dtype`. The embedding has the factors of the first slice, the last norm and the head those of the last slice. Integers
 * stay as they are.
 *
 * @param file path of the YAML file
 * @param options models that stand for others, progress of downloads
 * @throws UserError with every mistake of the configuration, its line and column
 * @see mergekit 0.1.5, plan.MergePlanner. Deliberately other: mistakes it passes over are told; without `base_model` the first
 * model gives config and tokenizer, where mergekit takes any of them
 */
export async function planMerge(file: string, options: PlanOptions = {}): Promise<MergePlan> {
  return await planText(await readText(file), file, options);
}

/**
 * The same of a configuration's text.
 *
 * @param file what it is called in messages
 */
export async function planText(text: string, file: string, options: PlanOptions = {}): Promise<MergePlan> {
  const mistakes = new Mistakes(file);
  const config = readMergeConfig(text, mistakes);
  if (config === undefined) throw mistakes.error();
  const sources = await openSources(config, options, mistakes);
  const slices = takenSlices(config, sources, mistakes);
  const donor = sources.get((config.baseModel ?? config.slices[0]?.model)?.name ?? "");
  const whole = mistakes.count === 0;
  if (donor !== undefined) checkFit(slices, donor, mistakes);
  checkFilters(slices, config.shared, whole, mistakes);
  if (donor === undefined || slices.length === 0) throw mistakes.error();
  const tokenizer = await chooseTokenizer(config, { slices, sources, donor }, mistakes);
  mistakes.throwIfAny();
  const decided = new Set<PlacedRule>();
  const parts = trimmed(plannedParts(slices, config, decided), donor, tokenizer.rows);
  const layers = slices.flatMap(({ source, from, to }) =>
    Array.from({ length: to - from }, (_, i) => ({ model: source.name, config: source.config, layer: from + i })),
  );
  return {
    file,
    text,
    parts,
    config: mergedConfig(donor.config, layers, { dtype: config.outDType ?? config.dtype, vocab: tokenizer.rows }),
    dtype: config.outDType,
    models: [...sources.values()].filter(
      (source) => source === donor || slices.some((slice) => slice.source === source),
    ),
    base: config.baseModel?.name,
    donor,
    tokenizer: tokenizer.source,
    tokenizerAsked: config.tokenizer !== undefined,
    notes: [...notesOn(slices, config, donor, decided), ...tokenizer.notes],
    ...(options.outline && { outline: true }),
  };
}

/** The tensors of the result by name, layer after layer. */
export function plannedTensors({
  parts: { before, layers, after },
}: MergePlan): readonly (readonly [string, TensorRef])[] {
  return [before, ...layers, after].flatMap(({ tensors }) => tensors.map(({ name, ref }) => [name, ref] as const));
}

/** Opens the models of a configuration, each once. Where there are mistakes already, nothing is fetched. */
async function openSources(config: MergeConfig, options: PlanOptions, mistakes: Mistakes): Promise<Sources> {
  const { models = {}, outline, ...given } = options;
  const rest: ResolveOptions = outline ? { ...given, repository: outlineRepository } : given;
  const sources = new Map<string, MergeSource>();
  const named = [config.baseModel, ...config.slices.map(({ model }) => model), config.tokenizer];
  // A slice with mistakes has no model here.
  if (mistakes.count === 0) expectNamed(Object.keys(models), new Set(named.flatMap((one) => one?.name ?? [])));
  const failed = new Set<string>();
  for (const { name, place } of named.filter((one): one is Named => one !== undefined)) {
    if (sources.has(name) || failed.has(name) || (name === "base" && place === config.tokenizer?.place)) continue;
    const at = models[name] ?? name;
    if (mistakes.count > 0 && (await mayFetch(at))) continue;
    try {
      sources.set(name, await openSource(name, at, rest));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      failed.add(name);
      mistakes.add(place, error.message);
    }
  }
  return sources;
}

/** @throws UserError when a model stands for one that the configuration does not name */
function expectNamed(replaced: readonly string[], names: ReadonlySet<string>): void {
  for (const name of replaced) {
    if (names.has(name)) continue;
    const near = nearest(name, names);
    throw new UserError(`The configuration names no model ${name}`, {
      expected: [...names].join(" or "),
      fix: near && `Did you mean ${near}?`,
    });
  }
}

function plannedParts(
  slices: readonly TakenSlice[],
  { shared, dtype }: MergeConfig,
  decided: Set<PlacedRule>,
): Stack<PlannedPart> {
  const { before, layers, after } = stacked<NamedTensors, TakenSlice, PlannedPart>(
    slices,
    (part, slice, { part: at, t }) => {
      const scopes = [...slice.config.own, ...shared];
      const tensors = [...part].map(([name, ref]): PlannedTensor => {
        if (!isFloatDType(writtenDType(ref))) return { name, from: name, ref };
        const rule = decidingRule(scopes, name);
        if (rule !== undefined) decided.add(rule);
        return { name, from: name, ref: { ...ref, cast: dtype ?? ref.cast, scale: rule && valueAt(rule.value, t) } };
      });
      return { source: slice.source.name, part: at, tensors };
    },
  );
  const placed = layers.map((layer, number) => ({
    ...layer,
    tensors: layer.tensors.map((tensor) => ({ ...tensor, name: renumbered(tensor.name, number) })),
  }));
  return { before, layers: placed, after };
}

/** Leaves out rows of embedding and head that a smaller vocabulary has no tokens for. */
function trimmed(parts: Stack<PlannedPart>, donor: MergeSource, rows: number | undefined): Stack<PlannedPart> {
  const vocab = vocabOfConfig(donor.config);
  if (rows === undefined || rows === vocab) return parts;
  const trim = (part: PlannedPart): PlannedPart => ({
    ...part,
    tensors: part.tensors.map((tensor) => {
      const { shape, bytes } = tensor.ref;
      if (shape.length < 2 || shape[0] !== vocab) return tensor;
      return { ...tensor, ref: { ...tensor.ref, shape: [rows, ...shape.slice(1)], bytes: (bytes / vocab) * rows } };
    }),
  });
  return { before: trim(parts.before), layers: parts.layers, after: trim(parts.after) };
}

async function readText(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > 1e6) throw new UserError(`${file} is ${size} bytes long`, { expected: "a configuration in YAML" });
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await readFile(file));
  } catch (error) {
    if (error instanceof TypeError) throw new UserError(`${file} is not UTF-8 text`);
    throw fileError(error, "read", file);
  }
}
