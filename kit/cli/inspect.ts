import { Command } from "commander";
import { type Inspection, inspect } from "../weights/inspect.js";
import { progressLine } from "./progress.js";

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
  return `${table(facts)}\n\n${table([["tensor", "type", "shape", ""], ...rows])}`;
}

function modelFacts({ model, tokenizer }: Inspection): [string, string][] {
  if (model === undefined) return [];
  const { config, parameters, dtypes, bytes } = model;
  const types = Object.entries(dtypes).map(
    ([dtype, elements]) => `${dtype} ${((100 * elements) / parameters).toFixed(1)} %`,
  );
  const [layer] = config.layers;
  const { heads, kvHeads, headDim, rope } = layer.mixer;
  return [
    ["parameters", `${count(parameters)} in ${count(bytes)} bytes: ${types.join(", ")}`],
    [
      "model",
      `${plural(config.layers.length, "layer")}, width ${config.width}, MLP ${layer.mlp.hidden}, vocabulary ${config.vocab}`,
    ],
    ["attention", `${heads} heads, ${kvHeads} for keys and values, of width ${headDim}; context ${config.context}`],
    ["rotary", `theta ${rope.theta}, ${rope.layout === "half" ? "rotate-half" : "interleaved"} layout`],
    ["head", config.tied ? "tied to the embedding" : "separate"],
    ["norm", `RMSNorm, eps ${config.normEps}`],
    ["tokenizer", tokenizer === undefined ? "none" : `${tokenizer.kind}, ${plural(tokenizer.vocab, "token")}`],
  ];
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

/** `0, 1, 2, 5` as `{0-2,5}`. */
function ranges(numbers: readonly number[]): string {
  const parts: string[] = [];
  const sorted = [...numbers].sort((a, b) => a - b);
  for (let i = 0; i < sorted.length; i++) {
    const first = sorted[i];
    while (sorted[i + 1] === sorted[i] + 1) i++;
    parts.push(first === sorted[i] ? `${first}` : `${first}-${sorted[i]}`);
  }
  return sorted.length === 1 ? parts[0] : `{${parts.join(",")}}`;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function size(shape: readonly number[]): string {
  return shape.length === 0 ? "scalar" : shape.join(" × ");
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}

function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}
