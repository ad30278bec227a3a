import type { Tensor } from "../engine/index.js";
import type { TensorRef } from "../engine/ref.js";
import { entries } from "../engine/tree.js";
import { UserError } from "../errors.js";
import type { Model, ModelConfig } from "../model/config.js";
import { bytesOf, rotaryShape, unpermuted } from "./chunks.js";
import { huggingFaceNames, storedName } from "./names.js";
import type { TensorSource } from "./safetensors-write.js";

type ReadTensor = (tensor: Tensor) => ArrayBufferView;

/**
 * The tensors of a model under their Hugging Face names, rows in Hugging Face's order, still where they are.
 *
 * @param model in memory or on disk; TensorFlow is needed only for one in memory
 * @throws UserError when a parameter has no place in a Hugging Face Llama
 */
export async function huggingFaceSources(
  model: Model<Tensor> | Model<TensorRef>,
): Promise<[name: string, source: TensorSource][]> {
  const leaves = entries<Tensor | TensorRef>(model.params);
  const read = leaves.every(([, leaf]) => isRef(leaf)) ? undefined : (await import("../engine/index.js")).read;
  return leaves.map(([path, leaf]) => {
    const name = storedName(huggingFaceNames, path);
    if (name === undefined) throw new UserError(`A Hugging Face Llama has no place for the parameter ${path}`);
    const heads = interleavedHeads(model.config, path);
    return [name, isRef(leaf) ? refSource(leaf, heads, path) : tensorSource(leaf, heads, read!)];
  });
}

function isRef(leaf: Tensor | TensorRef): leaf is TensorRef {
  return "file" in leaf;
}

/** The head count of a projection whose rows lie in interleaved rotary pairs. */
function interleavedHeads(config: ModelConfig, path: string): number | undefined {
  const [, layer, projection] = /^layers\.(\d+)\.mixer\.([qk])$/.exec(path) ?? [];
  if (layer === undefined) return undefined;
  const { rope, heads, kvHeads } = config.layers[Number(layer)].mixer;
  if (rope.layout === "half") return undefined;
  return projection === "q" ? heads : kvHeads;
}

function refSource(ref: TensorRef, heads: number | undefined, path: string): TensorRef {
  if (heads === undefined) return ref;
  if (ref.unpermuteHeads !== undefined) throw new UserError(`The rows of ${path} are to be reordered twice`);
  return { ...ref, unpermuteHeads: heads };
}

function tensorSource(tensor: Tensor, heads: number | undefined, read: ReadTensor): TensorSource {
  const { shape } = tensor;
  return {
    dtype: "F32",
    shape,
    values: () => {
      const values = bytesOf(read(tensor));
      if (heads === undefined) return new Float32Array(values.buffer, values.byteOffset, values.byteLength / 4);
      const { headDim, width } = rotaryShape(shape, heads, "save");
      return new Float32Array(unpermuted(values, headDim, width * 4).buffer);
    },
  };
}
