import { Command } from "commander";
import { countParameters, type LayeredPartCount, type ModelConfig, parametersByPart } from "../model/index.js";
import { type Inspection, inspect } from "../weights/inspect.js";
import { configFacts } from "./config.js";
import { progressLine } from "./progress.js";
import { count, plural, ranges, table } from "./words.js";

/** `kintsugi inspect`: what a checkpoint holds, as a table or JSON. TensorFlow is not loaded. */
export function inspectCommand(): Command {
  return new Command("inspect")
    .description("list the tensors, config and tokenizer of a checkpoint")
    .argument("<file|folder|name>", "safetensors, GGUF, llama2.c, a wheel with a GGUF inside, a known name, a hub id")
    .option("--json", "print everything as JSON")
    .option("--all", "one line for each tensor, instead of one for equal layers")
    .action(async (name: string, { json, all }: { json?: boolean; all?: boolean }) => {
      const line = progressLine(process.stderr);
      const found = await inspect(name, { progress: line.show });
      line.end();
      console.log(json === true ? JSON.stringify(found, null, 2) : describe(found, all === true));
    });
}

/** The inspection as text for a terminal. */
export function describe(found: Inspection, all = false): string {
  const files = new Set(found.tensors.map(({ file }) => file));
  const facts: [string, string][] = [
    ["found", `${found.path} (${found.from})`],
    ["format", `${found.format}, ${plural(files.size, "file")}, ${plural(found.tensors.length, "tensor")}`],
    ["elements", count(found.elements)],
    ...modelFacts(found),
    ...found.problems.map((problem): [string, string] => ["cannot load", problem]),
  ];
  const rows = all ? found.tensors.map(({ name, dtype, shape }) => [name, dtype, size(shape), ""]) : folded(found);
  const parts = found.model === undefined ? [] : [partsTable(found.model.config)];
  return [table(facts), ...parts, table([["tensor", "type", "shape", ""], ...rows])].join("\n\n");
}

function modelFacts({ model, tokenizer }: Inspection): [string, string][] {
  if (model === undefined) return [];
  const { config, parameters, dtypes, bytes } = model;
  const types = Object.entries(dtypes).map(
    ([dtype, elements]) => `${dtype} ${((100 * elements) / parameters).toFixed(1)} %`,
  );
  return [
    ["parameters", `${count(parameters)} in ${count(bytes)} bytes: ${types.join(", ")}`],
    ...configFacts(config),
    ["tokenizer", tokenizer === undefined ? "none" : `${tokenizer.kind}, ${plural(tokenizer.vocab, "token")}`],
  ];
}

/** How many parameters each part has, in all layers and in one. */
export function partsTable(config: ModelConfig): string {
  const parts: readonly LayeredPartCount[] = parametersByPart(config);
  const total = countParameters(config);
  const rows = [...parts, { part: "total", parameters: total }].map(({ part, parameters, byLayer = [] }) => [
    part,
    count(parameters),
    `${((100 * parameters) / total).toFixed(2)} %`,
    eachLayer(byLayer),
  ]);
  return table([["part", "parameters", "", "a layer"], ...rows], [1, 2, 3]);
}

/** `288`, or `288 in 2 of 4` where not all layers have the part, and `144 to 288` where they have it in several sizes. */
function eachLayer(byLayer: readonly number[]): string {
  const having = byLayer.filter((parameters) => parameters > 0);
  if (having.length === 0) return "";
  const sizes = [...new Set([Math.min(...having), Math.max(...having)])].map(count);
  const where = having.length === byLayer.length ? "" : ` in ${having.length} of ${byLayer.length}`;
  return `${sizes.join(" to ")}${where}`;
}

/** Tensors that differ only in the number of their layer share a line. */
function folded({ tensors }: Inspection): string[][] {
  const groups = new Map<string, { row: string[]; layers: number[] }>();
  for (const { name, dtype, shape } of tensors) {
    const number = /(?<=^|\.)\d+(?=\.)/.exec(name);
    const pattern =
      number === null ? name : `${name.slice(0, number.index)}{}${name.slice(number.index + number[0].length)}`;
    const key = JSON.stringify([pattern, dtype, shape]);
    const group = groups.get(key) ?? { row: [pattern, dtype, size(shape)], layers: [] };
    if (number !== null) group.layers.push(Number(number[0]));
    groups.set(key, group);
  }
  return [...groups.values()].map(({ row: [pattern, dtype, shape], layers }) => [
    pattern.replace("{}", ranges(layers)),
    dtype,
    shape,
    layers.length > 1 ? `× ${layers.length}` : "",
  ]);
}

function size(shape: readonly number[]): string {
  return shape.length === 0 ? "scalar" : shape.join(" × ");
}
