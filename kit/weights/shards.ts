import { join } from "node:path";
import { UserError } from "../errors.js";
import type { FloatDType } from "./dtypes.js";
import { writeJson } from "./folder.js";
import { indexName } from "./safetensors.js";
import { type SafetensorsOptions, type TensorSource, writeSafetensors, written } from "./safetensors-write.js";

export type ShardOptions = SafetensorsOptions & {
  /** Largest file of weights in bytes, 5 GB unless given; one larger tensor still gets a file of its own. */
  readonly maxShardBytes?: number;
};

/** Tensors under the names they are to have in the files, in the order in which files are filled. */
export type NamedSources = readonly (readonly [name: string, source: TensorSource])[];

/**
 * Writes tensors as the weights of a Hugging Face folder: `model.safetensors`, or `model-00001-of-0000N.safetensors` and so on
 * with an index that says which file holds which tensor.
 *
 * @param sources names with references or values
 * @param folder an existing folder
 * @param options largest file, element type, metadata beside `format: "pt"`
 */
export async function writeShards(sources: NamedSources, folder: string, options: ShardOptions = {}): Promise<void> {
  const { dtype, metadata, progress } = options;
  const shards = shardsOf(sources, options);
  const weightMap: [string, string][] = [];
  let before = 0;
  for (const [i, shard] of shards.entries()) {
    const number = (n: number): string => String(n).padStart(5, "0");
    const name =
      shards.length === 1 ? "model.safetensors" : `model-${number(i + 1)}-of-${number(shards.length)}.safetensors`;
    await writeSafetensors(join(folder, name), shard, {
      metadata: { format: "pt", ...metadata },
      dtype,
      progress: progress && ((bytes) => progress(before + bytes)),
    });
    before += totalBytes(shard, dtype);
    for (const [tensor] of shard) weightMap.push([tensor, name]);
  }
  if (shards.length === 1) return;
  const index = { metadata: { total_size: before }, weight_map: Object.fromEntries(weightMap) };
  await writeJson(join(folder, indexName), index);
}

/**
 * Fills shards in the order given: a tensor that would pass the limit begins the next one.
 *
 * @returns at least one shard, which may be empty
 * @throws UserError when the limit is no number of bytes
 */
export function shardsOf<S extends readonly [string, TensorSource]>(
  sources: readonly S[],
  { maxShardBytes = 5e9, dtype }: ShardOptions = {},
): S[][] {
  if (!(maxShardBytes > 0))
    throw new UserError(`maxShardBytes is ${maxShardBytes}`, { expected: "a number of bytes above 0" });
  const shards: S[][] = [[]];
  let held = 0;
  for (const source of sources) {
    const { bytes } = written(source[1], dtype);
    if (held > 0 && held + bytes > maxShardBytes) {
      shards.push([]);
      held = 0;
    }
    shards[shards.length - 1].push(source);
    held += bytes;
  }
  return shards;
}

/** Bytes that tensors take once they are written, without headers. */
export function totalBytes(sources: NamedSources, dtype?: FloatDType): number {
  return sources.reduce((sum, [, source]) => sum + written(source, dtype).bytes, 0);
}
