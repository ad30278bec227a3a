import { Command, Option } from "commander";
import { UserError } from "../errors.js";
import type { EmbeddingFormat, FloatDType, PackedSize } from "../weights/index.js";
import * as weights from "../weights/index.js";
import { progressLine } from "./progress.js";
import { count, table } from "./words.js";

type Options = {
  readonly packed?: "1.6" | "2";
  readonly embedding?: EmbeddingFormat;
  readonly dtype?: "f32" | "bf16" | "f16";
  readonly force?: true;
};

/** `kintsugi export`: a model as a folder, its ternary matrices packed if wanted. */
export function exportCommand(): Command {
  return new Command("export")
    .description("save a model as a folder: as Hugging Face's where it is a Llama, else as the kit's own")
    .argument("<model>", "a known name, a file or a folder")
    .argument("<out>", "the folder to make")
    .addOption(new Option("--packed <bits>", "ternary matrices in 1.6 or 2 bits a weight").choices(["1.6", "2"]))
    .addOption(new Option("--embedding <type>", "of a packed model (default f32)").choices(["f32", "bf16", "int8"]))
    .addOption(
      new Option("--dtype <type>", "of all weights (default: as they are)")
        .choices(["f32", "bf16", "f16"])
        .conflicts("packed"),
    )
    .option("--force", "replace a folder that is already there")
    .action(run);
}

async function run(name: string, out: string, { packed, embedding, dtype, force }: Options): Promise<void> {
  if (packed === undefined && embedding !== undefined) {
    throw new UserError("--embedding is for packed models", { fix: "Add --packed 1.6 or --packed 2" });
  }
  const line = progressLine(process.stderr);
  const opened = await weights.open(name, { progress: line.show });
  line.end();
  const overwrite = force === true;
  if (packed === undefined) {
    const as = dtype && (dtype.toUpperCase() as FloatDType);
    console.log(await weights.save(opened.model, out, { like: opened, dtype: as, overwrite }));
    return;
  }
  const model = await weights.loadModel(opened.model);
  const bits = packed === "2" ? 2 : 1.6;
  const { folder, sizes } = await weights.savePacked(model, out, { like: opened, bits, embedding, overwrite });
  console.log(`${sizeTable(sizes)}\n\n${folder}`);
}

/** What each kind of tensor takes, before and after. */
export function sizeTable(sizes: readonly PackedSize[]): string {
  const sum = (of: (size: PackedSize) => number): number => sizes.reduce((total, size) => total + of(size), 0);
  const total = { kind: "total", parameters: sum(({ parameters }) => parameters), bytes: sum(({ bytes }) => bytes) };
  const rows = [...sizes, total].map(({ kind, parameters, bytes }) => [
    kind,
    count(parameters),
    count(4 * parameters),
    count(bytes),
    ((8 * bytes) / parameters).toFixed(3),
  ]);
  return table([["", "parameters", "float32 bytes", "packed bytes", "bits a weight"], ...rows], [1, 2, 3, 4]);
}
