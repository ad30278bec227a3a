import { read, type Tensor } from "../engine/index.js";
import type { TensorRef } from "../engine/ref.js";
import { entries } from "../engine/tree.js";
import { UserError } from "../errors.js";
import type { Model, ModelConfig } from "../model/config.js";
import type { AttentionSpec } from "../nn/index.js";
import { bytesOf, rotaryShape, unpermuted } from "./chunks.js";
import { huggingFaceNames, storedName } from "./names.js";
import type { TensorSource, TensorValues } from "./safetensors-write.js";

/** A leaf that can be saved: in memory, on disk, or values still to be computed. */
export type Savable = Tensor | TensorSource;

type Sources = [name: string, source: TensorSource][];

/**
 * The tensors of a Llama or DiffLlama under their Hugging Face names, rows in Hugging Face's order, still where they are.
 *
 * @param model in memory or on disk; TensorFlow is needed only for one in memory
 * @throws UserError when a parameter has no place in such a model
 */
export function huggingFaceSources(model: Model<Savable>): Sources {
  return entries<Savable>(model.params).map(([path, leaf]) => {
    const name = huggingFaceName(path);
    const heads = interleavedHeads(model.config, path);
    if (isTensor(leaf)) return [name, tensorSource(leaf, heads)];
    return [name, "file" in leaf ? refSource(leaf, heads, path) : valuesSource(leaf, heads)];
  });
}

/** The same of any model that the kit's Python computes, rows as they are. */
export function customCodeSources(model: Model<Savable>): Sources {
  return kintsugiSources(model).map(([path, source]) => [huggingFaceName(path), source]);
}

function huggingFaceName(path: string): string {
  const name = storedName(huggingFaceNames, path);
  if (name === undefined) throw new UserError(`A Hugging Face model has no place for the parameter ${path}`);
  return name;
}

/** The tensors of any model under their paths, still where they are. TensorFlow is needed only for one in memory. */
export function kintsugiSources(model: Model<Savable>): Sources {
  return entries<Savable>(model.params).map(([path, leaf]) => [
    path,
    isTensor(leaf) ? tensorSource(leaf, undefined) : leaf,
  ]);
}

/** Whether a leaf is in memory. */
export function isTensor(leaf: Savable): leaf is Tensor {
  return !("file" in leaf || "values" in leaf);
}

/** The head count of a projection whose rows lie in interleaved rotary pairs. */
function interleavedHeads(config: ModelConfig, path: string): number | undefined {
  const [, layer, projection] = /^layers\.(\d+)\.mixer\.([qk])$/.exec(path) ?? [];
  if (layer === undefined) return undefined;
  const { rope, heads, kvHeads } = config.layers[Number(layer)].mixer as AttentionSpec;
  if (rope.layout === "half") return undefined;
  return projection === "q" ? heads : kvHeads;
}

function refSource(ref: TensorRef, heads: number | undefined, path: string): TensorRef {
  if (heads === undefined) return ref;
  if (ref.unpermuteHeads !== undefined) throw new UserError(`The rows of ${path} are to be reordered twice`);
  return { ...ref, unpermuteHeads: heads };
}

function valuesSource(source: TensorValues, heads: number | undefined): TensorValues {
  if (heads === undefined) return source;
  const { headDim, width } = rotaryShape(source.shape, heads, "save");
  return {
    ...source,
    values: () => {
      const values = typeof source.values === "function" ? source.values() : source.values;
      const ordered = values.slice();
      bytesOf(ordered).set(unpermuted(bytesOf(values), headDim, width * values.BYTES_PER_ELEMENT));
      return ordered;
    },
  };
}

function tensorSource(tensor: Tensor, heads: number | undefined): TensorSource {
  return valuesSource({ dtype: "F32", shape: tensor.shape, values: () => read(tensor) as Float32Array }, heads);
}
