import { Command, Option } from "commander";
import { UserError } from "../errors.js";
import type { EmbeddingFormat, FloatDType, PackedSize } from "../weights/index.js";
import * as weights from "../weights/index.js";
import { progressLine } from "./progress.js";
import { writing } from "./stopping.js";
import { count, table } from "./words.js";

type Format = "hf" | "kintsugi" | "gguf";

type Options = {
  readonly format?: Format;
  readonly packed?: "1.6" | "2";
  readonly embedding?: EmbeddingFormat;
  readonly dtype?: "f32" | "bf16" | "f16" | "q8_0";
  readonly force?: true;
};

/** `kintsugi export`: a model as a folder or a GGUF file, its ternary matrices packed if wanted. */
export function exportCommand(): Command {
  return new Command("export")
    .description("save a model as a folder, or a Llama as a GGUF file")
    .argument("<model>", "a known name, a file or a folder")
    .argument("<out>", "the folder or file to make")
    .addOption(
      new Option(
        "--format <name>",
        "hf: for transformers, with the Python of models it has not; kintsugi: the kit's own; gguf: for llama.cpp, Llamas only " +
          "(default: hf where transformers has the model, else kintsugi)",
      )
        .choices(["hf", "kintsugi", "gguf"])
        .conflicts("packed"),
    )
    .addOption(new Option("--packed <bits>", "ternary matrices in 1.6 or 2 bits a weight").choices(["1.6", "2"]))
    .addOption(new Option("--embedding <type>", "of a packed model (default f32)").choices(["f32", "bf16", "int8"]))
    .addOption(
      new Option("--dtype <type>", "of all weights (default: as they are)")
        .choices(["f32", "bf16", "f16", "q8_0"])
        .conflicts("packed"),
    )
    .option("--force", "replace what is already there")
    .action(run);
}

async function run(name: string, out: string, options: Options): Promise<void> {
  const { packed, embedding, format, force } = options;
  if (packed === undefined && embedding !== undefined) {
    throw new UserError("--embedding is for packed models", { fix: "Add --packed 1.6 or --packed 2" });
  }
  const dtype = elementType(options);
  const line = progressLine(process.stderr);
  const opened = await weights.open(name, { progress: line.show });
  line.end();
  const overwrite = force === true;
  if (format === "gguf") {
    console.log(await writing(() => weights.saveGguf(opened.model, out, { like: opened, dtype, overwrite })));
    return;
  }
  if (packed === undefined) {
    const as = { like: opened, dtype: dtype as FloatDType | undefined, format: format && formats[format], overwrite };
    console.log(await writing(() => weights.save(opened.model, out, as)));
    return;
  }
  const model = await weights.loadModel(opened.model);
  const bits = packed === "2" ? 2 : 1.6;
  const as = { like: opened, bits, embedding, overwrite } as const;
  const { folder, sizes } = await writing(() => weights.savePacked(model, out, as));
  console.log(`${sizeTable(sizes)}\n\n${folder}`);
}

const formats = { hf: "huggingface", kintsugi: "kintsugi" } as const;

/** The element type asked for; only GGUF has Q8_0. */
function elementType({ dtype, format }: Options): weights.GgufOptions["dtype"] {
  if (dtype === "q8_0" && format !== "gguf")
    throw new UserError("--dtype q8_0 is for GGUF files", { fix: "Add --format gguf" });
  return dtype && (dtype.toUpperCase() as weights.GgufOptions["dtype"]);
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
