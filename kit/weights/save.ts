import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../errors.js";
import type { Model, ModelConfig } from "../model/config.js";
import type { Checkpoint } from "./checkpoint.js";
import { type CompanionOptions, writeCompanions } from "./companions.js";
import { pythonFile, pythonMisfit, pythonPath, toCustomCode } from "./custom-code.js";
import { type FloatDType, torchNames } from "./dtypes.js";
import { writeFolder, writeJson } from "./folder.js";
import { type ConfigJson, misfit, toHuggingFace } from "./huggingface-config.js";
import { isKintsugi, toKintsugi } from "./kintsugi-config.js";
import { written } from "./safetensors-write.js";
import { type NamedSources, type ShardOptions, writeShards } from "./shards.js";
import { customCodeSources, huggingFaceSources, kintsugiSources, type Savable } from "./sources.js";

export type SaveOptions = CompanionOptions &
  ShardOptions & {
    /**
     * Whose folder it becomes: one that transformers reads, or the kit's own, which holds any model. Default: Hugging Face's
     * where transformers has this model. Where it has not, `huggingface` puts the Python that computes it into the folder.
     */
    readonly format?: "huggingface" | "kintsugi";
    /** Replace a folder that is already there. */
    readonly overwrite?: boolean;
  };

/**
 * Saves a model as a folder that this kit loads and, where transformers has such a model, that too.
 *
 * Weights stream from where they are, with everything pending done to them. The folder is written beside its name and
 * renamed when complete, its config last: there is never a half model that loads.
 *
 * As Hugging Face's, the query and key projections of an interleaved model are stored in Hugging Face's row order, so the
 * saved model has the rotary layout `half`. As the kit's own, config and tensors are stored as they are.
 *
 * @param model in memory, on disk, or with leaves still to be computed
 * @param folder path of the folder to make
 * @param options whose format, element type (without it, references keep theirs, quantised ones become F32 and tensors are
 * F32), shard size, what to take along
 * @returns the folder's absolute path
 * @throws UserError when the folder exists, the model does not fit the format asked for, or the disk refuses
 */
export async function save(model: Model<Savable>, folder: string, options: SaveOptions = {}): Promise<string> {
  const { config, sources, python } = savedForm(model, options);
  return await writeFolder(folder, options.overwrite === true, async (draft) => {
    await writeShards(sources, draft, options);
    await writeCompanions(options, draft);
    if (python !== undefined) await copyFile(python, join(draft, pythonFile));
    await writeJson(join(draft, "config.json"), config);
  });
}

/**
 * What a folder says about a model, and the tensors it holds: not yet read, named as {@link save} names them; and a file of
 * Python, where transformers needs one.
 */
export type SavedForm = { readonly config: ConfigJson; readonly sources: NamedSources; readonly python?: string };

/**
 * The config and the tensors that {@link save} would write.
 *
 * @throws UserError when the model does not fit the format asked for
 */
export function savedForm(model: Model<Savable>, options: SaveOptions = {}): SavedForm {
  const { format = misfit(model.config) === undefined ? "huggingface" : "kintsugi" } = options;
  return layouts[format](model, options);
}

const layouts: {
  readonly [Format in NonNullable<SaveOptions["format"]>]: (model: Model<Savable>, options: SaveOptions) => SavedForm;
} = {
  huggingface: (model, options) => (misfit(model.config) === undefined ? ofTransformers : withPython)(model, options),
  kintsugi: (model) => ({ sources: kintsugiSources(model), config: toKintsugi(model.config) }),
};

/** A model that transformers has. */
function ofTransformers(model: Model<Savable>, { dtype, like }: SaveOptions): SavedForm {
  const sources = huggingFaceSources(model);
  return { sources, config: huggingFaceConfig(model.config, commonDType(sources, dtype), like) };
}

/** A model that it has not, and what computes it there. */
function withPython(model: Model<Savable>, { dtype, like }: SaveOptions): SavedForm {
  const problem = pythonMisfit(model.config);
  if (problem !== undefined) throw problem;
  const sources = customCodeSources(model);
  const config = toCustomCode(model.config, torchNames[commonDType(sources, dtype)], specialIds(like));
  return { sources, config, python: pythonPath() };
}

function huggingFaceConfig(config: ModelConfig, dtype: FloatDType, like?: Checkpoint<unknown>): ConfigJson {
  const base = like?.info.config;
  return toHuggingFace(config, torchNames[dtype], { ...specialIds(like), ...(isKintsugi(base) ? {} : base) });
}

/** The element type most bytes are written as. */
function commonDType(sources: NamedSources, out: FloatDType | undefined): FloatDType {
  const bytes: Record<FloatDType, number> = { F32: 0, BF16: 0, F16: 0, F64: 0 };
  for (const [name, source] of sources) {
    const { dtype, bytes: length } = written(source, out);
    if (!(dtype in bytes))
      throw new UserError(`The weights of ${name} are ${dtype}`, { expected: "floating-point numbers" });
    bytes[dtype as FloatDType] += length;
  }
  return (Object.keys(bytes) as FloatDType[]).reduce((most, dtype) => (bytes[dtype] > bytes[most] ? dtype : most));
}

function specialIds(like: Checkpoint<unknown> | undefined): Record<string, number> {
  const { bos, eos, pad } = like?.tokenizer?.special ?? {};
  const ids = Object.entries({ bos_token_id: bos, eos_token_id: eos, pad_token_id: pad });
  return Object.fromEntries(ids.filter((pair): pair is [string, number] => pair[1] !== undefined));
}
