import { basename, dirname, join, resolve } from "node:path";
import type { TensorRef } from "../engine/ref.js";
import { nearest, UserError } from "../errors.js";
import { exists, openToRead, readFully } from "../source/files.js";
import { isRecord, readJson } from "./json.js";
import { maxHeaderBytes, parseHeader, quote } from "./safetensors-header.js";

/** The tensors of one or more safetensors files, still on disk. */
export type StoredTensors = {
  readonly tensors: ReadonlyMap<string, TensorRef>;
  /** The `__metadata__` of the file, or of the first shard. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Absolute paths of the files that were opened. */
  readonly files: readonly string[];
};

/**
 * Reads the header of a safetensors file; tensor data stays on disk until it is asked for.
 *
 * Format: header length (8 bytes, little-endian), JSON header, data. Memory is that of the header.
 *
 * @param file path of the file
 * @returns a reference to each tensor, in the header's order
 * @throws UserError when the file is missing, truncated, or breaks the format in any way
 * @see https://github.com/huggingface/safetensors#format
 */
export async function readSafetensors(file: string): Promise<StoredTensors> {
  const path = resolve(file);
  const { handle, size } = await openToRead(path);
  try {
    if (size < 8)
      throw new UserError(`${path} is ${size} bytes long`, { expected: "a safetensors file, at least 8 bytes" });
    const prefix = new Uint8Array(8);
    await readFully(handle, prefix, 0, path);
    const declared = new DataView(prefix.buffer).getBigUint64(0, true);
    if (declared > BigInt(size - 8)) {
      throw new UserError(`The safetensors header claims ${declared} bytes, but only ${size - 8} follow`, {
        where: path,
        fix: "The file is truncated, or not a safetensors file",
      });
    }
    if (declared > BigInt(maxHeaderBytes)) {
      throw new UserError(`The safetensors header is ${declared} bytes long`, {
        where: path,
        expected: `at most ${maxHeaderBytes}`,
      });
    }
    const header = new Uint8Array(Number(declared));
    await readFully(handle, header, 8, path);
    const dataStart = 8 + header.length;
    const { tensors, metadata } = parseHeader(header, size - dataStart, path);
    const refs = new Map<string, TensorRef>();
    for (const [name, { dtype, shape, begin, end }] of tensors) {
      refs.set(name, { file: path, offset: dataStart + begin, bytes: end - begin, dtype, shape });
    }
    return { tensors: refs, metadata, files: [path] };
  } finally {
    await handle.close();
  }
}

/** Name of the file that says which shard holds which tensor. */
export const indexName = "model.safetensors.index.json";

/**
 * Reads the headers of every safetensors file of a model folder: `model.safetensors`, or the shards its index names.
 *
 * @param folder path of the folder
 * @returns references in the order of the index, then of the header
 * @throws UserError when neither file exists, a shard is missing, or index and shards disagree
 */
export async function readSafetensorsFolder(folder: string): Promise<StoredTensors> {
  const index = join(folder, indexName);
  if (await exists(index)) return await readShards(index);
  const single = join(folder, "model.safetensors");
  if (await exists(single)) return await readSafetensors(single);
  throw new UserError(`No weights in ${folder}`, { expected: `model.safetensors or ${indexName}` });
}

async function readShards(index: string): Promise<StoredTensors> {
  const folder = dirname(index);
  const weightMap = await readWeightMap(index);
  const shards = new Map<string, StoredTensors>();
  for (const shard of new Set(weightMap.values())) {
    if (!(await exists(join(folder, shard)))) {
      throw new UserError(`The shard ${quote(shard)} is missing`, {
        where: index,
        fix: "Fetch it again, or remove the index",
      });
    }
    shards.set(shard, await readSafetensors(join(folder, shard)));
  }
  const tensors = new Map<string, TensorRef>();
  for (const [name, shard] of weightMap) {
    const held = shards.get(shard)!.tensors;
    const ref = held.get(name);
    if (ref === undefined) {
      const near = nearest(name, held.keys());
      throw new UserError(`The index places ${quote(name)} in ${shard}, which does not hold it`, {
        where: index,
        fix: near && `The nearest name there is ${quote(near)}`,
      });
    }
    tensors.set(name, ref);
  }
  for (const [shard, { tensors: held }] of shards) {
    for (const name of held.keys()) {
      if (weightMap.get(name) !== shard) {
        throw new UserError(`${shard} holds ${quote(name)}, which the index does not place there`, { where: index });
      }
    }
  }
  const all = [...shards.values()];
  return { tensors, metadata: all[0]?.metadata ?? {}, files: all.flatMap((shard) => shard.files) };
}

async function readWeightMap(index: string): Promise<Map<string, string>> {
  const json = await readJson(index, 32e6);
  const map = isRecord(json) ? json.weight_map : undefined;
  if (!isRecord(map)) throw new UserError("No weight_map in the index", { where: index });
  return new Map(
    Object.entries(map).map(([name, shard]) => {
      // A shard is a plain file name: an index from elsewhere must not reach outside its folder.
      if (typeof shard !== "string" || basename(shard) !== shard || shard === "..") {
        throw new UserError(`The index places ${quote(name)} in ${quote(String(shard))}`, {
          where: index,
          expected: "a file name",
        });
      }
      return [name, shard];
    }),
  );
}
