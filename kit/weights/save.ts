import { copyFile, readdir, rename } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { UserError } from "../errors.js";
import type { Model } from "../model/config.js";
import {
  exists,
  fileError,
  makeFolder,
  removed,
  syncFolder,
  temporaryBeside,
  writeAtomically,
  writeFully,
} from "../source/files.js";
import type { Checkpoint } from "./checkpoint.js";
import type { FloatDType } from "./dtypes.js";
import { toHuggingFace } from "./huggingface-config.js";
import { indexName } from "./safetensors.js";
import { type TensorSource, writeSafetensors, written } from "./safetensors-write.js";
import { huggingFaceSources, type Savable } from "./sources.js";

export type SaveOptions = {
  /** Element type of the weights. Without it, references keep theirs (quantised ones become F32) and tensors are F32. */
  readonly dtype?: FloatDType;
  /** The checkpoint this model was made from: its tokenizer, generation settings and other config fields go along. */
  readonly like?: Checkpoint<unknown>;
  /** Largest file of weights in bytes, 5 GB unless given; one larger tensor still gets a file of its own. */
  readonly maxShardBytes?: number;
  /** Replace a folder that is already there. */
  readonly overwrite?: boolean;
  /** Pairs for the safetensors metadata, beside `format: "pt"`. */
  readonly metadata?: Readonly<Record<string, string>>;
};

/** Files of a Hugging Face folder that belong to a model whatever happens to its weights, and llama2.c's vocabulary. */
const companions =
  /^(generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens)\.json$|^tokenizer\.model$|^chat_template\.jinja$|^tok(enizer)?\d*\.bin$/;

/**
 * Saves a model as a Hugging Face folder that transformers and this kit load.
 *
 * Weights stream from where they are, with everything pending done to them. The folder is written beside its name and
 * renamed when complete, its config last: there is never a half model that loads. Query and key projections of an
 * interleaved model are stored in Hugging Face's row order, so the saved model has the rotary layout `half`.
 *
 * @param model in memory, on disk, or with leaves still to be computed
 * @param folder path of the folder to make
 * @param options element type, shard size, what to take along
 * @returns the folder's absolute path
 * @throws UserError when the folder exists, the model is not a plain Llama, or the disk refuses
 */
export async function save(model: Model<Savable>, folder: string, options: SaveOptions = {}): Promise<string> {
  const target = resolve(folder);
  const sources = await huggingFaceSources(model);
  const dtype = commonDType(sources, options.dtype);
  const config = toHuggingFace(model.config, torchNames[dtype], {
    ...specialIds(options.like),
    ...options.like?.info.config,
  });
  await refuseExisting(target, options.overwrite === true);
  const draft = temporaryBeside(target);
  try {
    await makeFolder(draft);
    await writeShards(sources, draft, options);
    await copyCompanions(options.like?.info.folder, draft);
    await writeText(join(draft, "config.json"), `${JSON.stringify(config, null, 2)}\n`);
    await syncFolder(draft);
    await takeName(draft, target);
  } catch (error) {
    await removed(draft);
    throw fileError(error, "write", target);
  }
  return target;
}

const torchNames: { readonly [D in FloatDType]: string } = {
  F64: "float64",
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
};

/** The element type most bytes are written as. */
function commonDType(sources: readonly (readonly [string, TensorSource])[], out: FloatDType | undefined): FloatDType {
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

async function refuseExisting(target: string, overwrite: boolean): Promise<void> {
  if (overwrite || !(await exists(target))) return;
  const held = await readdir(target).catch((error) => {
    throw fileError(error, "write", target);
  });
  if (held.length > 0)
    throw new UserError(`${target} is not empty`, { fix: "Choose another folder, or say overwrite" });
}

async function writeShards(
  sources: readonly (readonly [string, TensorSource])[],
  folder: string,
  options: SaveOptions,
): Promise<void> {
  const { maxShardBytes = 5e9, dtype, metadata } = options;
  if (!(maxShardBytes > 0))
    throw new UserError(`maxShardBytes is ${maxShardBytes}`, { expected: "a number of bytes above 0" });
  const shards = planShards(sources, maxShardBytes, dtype);
  const weightMap: [string, string][] = [];
  for (const [i, shard] of shards.entries()) {
    const number = (n: number): string => String(n).padStart(5, "0");
    const name =
      shards.length === 1 ? "model.safetensors" : `model-${number(i + 1)}-of-${number(shards.length)}.safetensors`;
    await writeSafetensors(join(folder, name), shard, { metadata: { format: "pt", ...metadata }, dtype });
    for (const [tensor] of shard) weightMap.push([tensor, name]);
  }
  if (shards.length === 1) return;
  const total = sources.reduce((sum, [, source]) => sum + written(source, dtype).bytes, 0);
  const index = { metadata: { total_size: total }, weight_map: Object.fromEntries(weightMap) };
  await writeText(join(folder, indexName), `${JSON.stringify(index, null, 2)}\n`);
}

/** Fills shards in the order given: a tensor that would pass the limit begins the next one. */
function planShards<S extends readonly [string, TensorSource]>(
  sources: readonly S[],
  limit: number,
  dtype?: FloatDType,
): S[][] {
  const shards: S[][] = [[]];
  let held = 0;
  for (const source of sources) {
    const { bytes } = written(source[1], dtype);
    if (held > 0 && held + bytes > limit) {
      shards.push([]);
      held = 0;
    }
    shards[shards.length - 1].push(source);
    held += bytes;
  }
  return shards;
}

async function copyCompanions(from: string | undefined, to: string): Promise<void> {
  if (from === undefined) return;
  for (const name of (await readdir(from)).filter((name) => companions.test(name))) {
    await copyFile(join(from, name), join(to, name));
  }
}

async function writeText(path: string, text: string): Promise<void> {
  await writeAtomically(path, (handle) => writeFully(handle, Buffer.from(text), 0, path));
}

/** Gives the finished folder its name. What was there before steps aside first and is removed last. */
async function takeName(draft: string, target: string): Promise<void> {
  const before = (await exists(target)) ? temporaryBeside(target) : undefined;
  if (before !== undefined) await rename(target, before);
  try {
    await rename(draft, target);
  } catch (error) {
    if (before !== undefined) await rename(before, target);
    throw error;
  }
  await syncFolder(dirname(target));
  if (before !== undefined) await removed(before);
}
