import type { ConfigJson } from "../../weights/index.js";
import { isRecord } from "../../weights/json.js";
import { isKintsugi } from "../../weights/kintsugi-config.js";
import { type NamedTensors, templateOf } from "./names.js";
import type { MergeSource } from "./source.js";

/** Fields in which models that share a config must agree: their layers would be read as something they are not. */
const equalFields = [
  "model_type",
  "hidden_size",
  "intermediate_size",
  "num_attention_heads",
  "num_key_value_heads",
  "head_dim",
  "vocab_size",
  "hidden_act",
  "tie_word_embeddings",
];

/** The same in the kit's own configs. */
const equalModelFields = ["width", "vocab", "tied", "normEps", "linear"];

/** Most differences told of one model. */
const told = 4;

/**
 * What keeps layers of a model from standing in a model with the config and the shapes of another.
 *
 * @param source the model whose layers are used
 * @param donor the model whose config is kept
 * @param used its layers, and whether what stands before or behind them is used
 * @returns a line for each difference, a few at most; none when it fits
 */
export function misfits(
  source: MergeSource,
  donor: MergeSource,
  used: { readonly layers: ReadonlySet<number>; readonly before: boolean; readonly after: boolean },
): readonly string[] {
  const found = new Set(differing(source.config, donor.config, equalFields));
  if (isKintsugi(source.config) && isKintsugi(donor.config)) {
    for (const line of differing(modelOf(source), modelOf(donor), equalModelFields)) found.add(line);
  }
  const shapes = shapesOf(donor.stack.layers);
  for (const layer of used.layers) {
    for (const line of shapeDifferences(source.stack.layers[layer], shapes, donor.name)) found.add(line);
  }
  for (const part of ["before", "after"] as const) {
    if (!used[part]) continue;
    for (const line of shapeDifferences(source.stack[part], shapesOf([donor.stack[part]]), donor.name)) found.add(line);
  }
  const lines = [...found];
  return lines.length > told ? [...lines.slice(0, told), `${lines.length - told} more`] : lines;
}

function modelOf({ config }: MergeSource): ConfigJson {
  return isRecord(config.model) ? config.model : {};
}

function differing(here: ConfigJson, there: ConfigJson, fields: readonly string[]): string[] {
  return fields.flatMap((field) => {
    const [a, b] = [here[field] ?? defaults[field], there[field] ?? defaults[field]].map((value) =>
      JSON.stringify(value),
    );
    return a === b || a === undefined || b === undefined ? [] : [`${field} is ${a} instead of ${b}`];
  });
}

const defaults: Readonly<Record<string, unknown>> = { tie_word_embeddings: false };

type Shapes = { readonly byTemplate: ReadonlyMap<string, ReadonlySet<string>>; readonly everywhere: readonly string[] };

/** The shapes a tensor has in the layers of a model, and the tensors that all of them have. */
function shapesOf(layers: readonly NamedTensors[]): Shapes {
  const byTemplate = new Map<string, Set<string>>();
  const counts = new Map<string, number>();
  for (const layer of layers) {
    for (const [name, { shape }] of layer) {
      const template = templateOf(name);
      byTemplate.set(template, (byTemplate.get(template) ?? new Set()).add(shapeText(shape)));
      counts.set(template, (counts.get(template) ?? 0) + 1);
    }
  }
  const everywhere = [...counts].filter(([, count]) => count === layers.length).map(([template]) => template);
  return { byTemplate, everywhere };
}

function shapeDifferences(part: NamedTensors, { byTemplate, everywhere }: Shapes, donor: string): string[] {
  const here = new Set([...part.keys()].map(templateOf));
  const missing = everywhere.filter((template) => !here.has(template)).map((template) => `there is no ${template}`);
  const others = [...part].flatMap(([name, { shape }]) => {
    const template = templateOf(name);
    const known = byTemplate.get(template);
    if (known === undefined) return [`${template} is nothing ${donor} has`];
    return known.has(shapeText(shape))
      ? []
      : [`${template} is ${shapeText(shape)} instead of ${[...known].join(" or ")}`];
  });
  return [...missing, ...others];
}

function shapeText(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}
