import { Command, InvalidArgumentError } from "commander";
import { UserError } from "../errors.js";
import { type MergePlan, merge, type PlannedPart, planMerge, plannedTensors } from "../surgery/index.js";
import { shortName } from "../surgery/passthrough/names.js";
import { elementCount } from "../weights/dtypes.js";
import { refuseExisting } from "../weights/folder.js";
import { written } from "../weights/safetensors-write.js";
import { shardsOf, totalBytes } from "../weights/shards.js";
import { progressLine } from "./progress.js";
import { writing } from "./stopping.js";
import { count, plural, table } from "./words.js";

type Options = {
  readonly plan?: true;
  readonly outShardSize?: number;
  readonly model?: Readonly<Record<string, string>>;
  readonly force?: true;
};

/** `kintsugi merge`: layers of models stacked into one, from a mergekit configuration. TensorFlow is not loaded. */
export function mergeCommand(): Command {
  return new Command("merge")
    .description("stack layers of models into one, as a mergekit configuration of the passthrough method says")
    .argument("<config.yml>", "the configuration")
    .argument("[out]", "the folder to make")
    .option("--plan", "print what would be done, without reading a weight or fetching one that is in safetensors")
    .option("--out-shard-size <bytes>", "largest file of weights, such as 500M (default: 5B, 5 GB)", shardSize)
    .option("--model <name=path>", "a model that stands for another of the configuration; may be repeated", substitute)
    .option("--force", "replace a folder that is already there")
    .action(run);
}

async function run(file: string, out: string | undefined, options: Options): Promise<void> {
  const line = progressLine(process.stderr);
  const { model: models, plan: outline, outShardSize: maxShardBytes } = options;
  const overwrite = options.force === true;
  const planned = (): Promise<MergePlan> => planMerge(file, { models, outline, progress: line.show }).finally(line.end);
  if (outline) {
    console.log(planText(await planned(), maxShardBytes));
    return;
  }
  // The place before models: a mistake costs no download.
  if (out === undefined) throw new UserError("There is no folder to write to", { fix: "Name one, or add --plan" });
  if (!overwrite) await refuseExisting(out);
  const plan = await planned();
  for (const note of plan.notes) console.error(`note: ${note}`);
  const total = totalBytes(plannedTensors(plan), plan.dtype);
  const progress = (bytes: number): void => line.show({ file: out, bytes, total });
  console.log(await writing(() => merge(plan, out, { maxShardBytes, overwrite, progress })).finally(line.end));
}

/** What a merge will do: a line for each layer of the result, then what it takes, then what is worth a second look. */
export function planText(plan: MergePlan, maxShardBytes?: number): string {
  const { before, layers, after } = plan.parts;
  const rows = [
    row("before", before, plan),
    ...layers.map((layer, number) => row(String(number), layer, plan)),
    row("behind", after, plan),
  ];
  const tensors = plannedTensors(plan);
  const parameters = tensors.reduce((sum, [, { shape }]) => sum + elementCount(shape), 0);
  const files = shardsOf(tensors, { maxShardBytes, dtype: plan.dtype }).length;
  const facts = [
    ["layers", count(layers.length)],
    ["parameters", count(parameters)],
    ["weights", `${count(totalBytes(tensors, plan.dtype))} bytes in ${plural(files, "file")}`],
    ["config", plan.donor.name],
    ["tokenizer", plan.tokenizer.name],
  ];
  const notes = plan.notes.length === 0 ? [] : [plan.notes.map((note) => `note: ${note}`).join("\n")];
  return [table([["layer", "from", "", "scale", "type"], ...rows], [0, 2]), table(facts), ...notes].join("\n\n");
}

function row(name: string, { source, part, tensors }: PlannedPart, { dtype }: MergePlan): string[] {
  const types = new Set(tensors.map(({ ref }) => `${ref.dtype}>${written(ref, dtype).dtype}`));
  const typeText = [...types].map((type) => type.replace(/^(\w+)>\1$/, "$1").replace(">", " → ")).join(", ");
  return [name, source, typeof part === "number" ? String(part) : "", scaleText(tensors), typeText];
}

/** `o_proj, down_proj × 1.5`: tensors that share a factor, the fewest first; those without one pass as they are. */
function scaleText(tensors: PlannedPart["tensors"]): string {
  const groups = new Map<number, string[]>();
  for (const { from, ref } of tensors) {
    if (ref.scale !== undefined) groups.set(ref.scale, [...(groups.get(ref.scale) ?? []), shortName(from)]);
  }
  const sorted = [...groups].sort(([, a], [, b]) => a.length - b.length);
  const scaled = sorted.reduce((sum, [, names]) => sum + names.length, 0);
  return sorted
    .map(([factor, names], i) => {
      const rest = i === sorted.length - 1 && scaled === tensors.length;
      const text = rest ? (sorted.length === 1 ? "all" : "the rest") : names.join(", ");
      return `${text} × ${Number(factor.toPrecision(6))}`;
    })
    .join("; ");
}

const units: Readonly<Record<string, number>> = { "": 1, K: 1e3, M: 1e6, G: 1e9, B: 1e9 };

/** mergekit's way to write sizes: `500M`, and `5B` for 5 billion. */
function shardSize(text: string): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)([KMGB]?)$/i.exec(text) ?? [];
  const bytes = digits === undefined ? 0 : Math.round(Number(digits) * units[unit.toUpperCase()]);
  if (bytes > 0) return bytes;
  throw new InvalidArgumentError("Expected a number of bytes, such as 500M or 5B.");
}

function substitute(text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const [name, ...path] = text.split("=");
  if (name !== "" && path.join("=") !== "") return { ...before, [name]: path.join("=") };
  throw new InvalidArgumentError("Expected NAME=PATH.");
}
