import { setImmediate as turn } from "node:timers/promises";
import { type Tensor, tensor } from "../engine/index.js";
import type { TensorRef } from "../engine/ref.js";
import { entries, map } from "../engine/tree.js";
import type { Llama, Model, ModelParams } from "../model/config.js";
import { type Checkpoint, type LlamaCheckpoint, type OpenOptions, ofLlama, open } from "./checkpoint.js";
import { readRef } from "./read.js";

/**
 * Loads a checkpoint into memory as float32 tensors, one at a time: beyond the model itself it needs the memory of its
 * largest tensor.
 *
 * @param nameOrPath as for {@link open}
 * @param options as for {@link open}
 * @returns the model in memory, its tokenizer, and where it came from
 * @throws UserError as {@link open}
 */
export async function load(nameOrPath: string, options: OpenOptions = {}): Promise<Checkpoint<Tensor>> {
  const { model, ...rest } = await open(nameOrPath, options);
  return { model: await loadModel(model), ...rest };
}

/**
 * {@link load} for those who need a Llama: attention in every layer, dense linear layers.
 *
 * @throws UserError as {@link load}, and when it is a model of another kind
 */
export async function loadLlama(nameOrPath: string, options: OpenOptions = {}): Promise<LlamaCheckpoint<Tensor>> {
  return ofLlama(await load(nameOrPath, options));
}

/**
 * Reads a model on disk, perhaps one that surgery has made, into memory as float32 tensors.
 *
 * @param model references with whatever is pending on them
 */
export async function loadModel(model: Llama<TensorRef>): Promise<Llama<Tensor>>;
export async function loadModel(model: Model<TensorRef>): Promise<Model<Tensor>>;
export async function loadModel(model: Model<TensorRef>): Promise<Model<Tensor>> {
  const loaded = new Map<string, Tensor>();
  for (const [path, ref] of entries<TensorRef>(model.params)) {
    loaded.set(path, tensor(readRef(ref), ref.shape, "float32"));
    await turn();
  }
  const params = map<TensorRef, Tensor, ModelParams<TensorRef>>(model.params, (_, path) => loaded.get(path)!);
  return { config: model.config, params: params as ModelParams<Tensor> };
}
