import type { StoredDType, TensorRef } from "../engine/ref.js";
import { entries } from "../engine/tree.js";
import { UserError } from "../errors.js";
import type { ModelConfig } from "../model/config.js";
import { type Resolved, type ResolveOptions, resolve } from "../source/index.js";
import type { SpecialIds, TokenizerKind } from "../text/index.js";
import { type CheckpointInfo, open, shortValues } from "./checkpoint.js";
import { elementCount } from "./dtypes.js";
import { type Format, formatOf } from "./format.js";
import { readGguf } from "./gguf.js";
import { openLlama2c } from "./llama2c.js";
import { readSafetensors, readSafetensorsFolder } from "./safetensors.js";

/** A tensor as its file lists it. */
export type ListedTensor = {
  readonly name: string;
  /** Element type as stored; a ggml type of its own name where the kit cannot read it. */
  readonly dtype: StoredDType | (string & {});
  readonly shape: readonly number[];
  readonly file: string;
};

/** What a file, folder or name holds, as plain JSON. */
export type Inspection = Resolved & {
  readonly format: Format["kind"];
  readonly tensors: readonly ListedTensor[];
  /** Elements of all tensors as stored. */
  readonly elements: number;
  readonly metadata: CheckpointInfo["metadata"];
  /** What the model is, when it is one the kit loads. */
  readonly model?: {
    readonly config: ModelConfig;
    /** Each parameter once, whatever the file stores twice. */
    readonly parameters: number;
    readonly bytes: number;
    readonly dtypes: CheckpointInfo["dtypes"];
  };
  readonly tokenizer?: { readonly kind: TokenizerKind; readonly vocab: number; readonly special: SpecialIds };
  /** Why the kit cannot load it as a model, or its tokenizer. */
  readonly problems: readonly string[];
};

/**
 * Looks into a checkpoint without reading its weights; TensorFlow is not loaded.
 *
 * A file whose tensors can be listed is worth looking at even when it is no model the kit loads: why not is then one of
 * its `problems`.
 *
 * @param nameOrPath a file, a folder, a known name or a hub id
 * @returns tensors, and config and tokenizer as far as they can be read
 * @throws UserError when it is nowhere, no checkpoint at all, or damaged
 */
export async function inspect(nameOrPath: string, options: ResolveOptions = {}): Promise<Inspection> {
  const resolved = await resolve(nameOrPath, options);
  const format = await formatOf(resolved.path);
  const { tensors, metadata } = await listed(format);
  const elements = tensors.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const found = { ...resolved, format: format.kind, tensors, elements, metadata };
  const opened = await attempt(() => open(resolved.path, { tokenizer: false }));
  if (typeof opened === "string") return { ...found, problems: [opened] };
  const { parameters, bytes, dtypes } = opened.info;
  const model = { config: opened.model.config, parameters, bytes, dtypes };
  const whole = await attempt(() => open(resolved.path));
  if (typeof whole === "string") return { ...found, model, problems: [whole] };
  const { kind, vocab, special } = whole.tokenizer ?? {};
  const tokenizer =
    kind === undefined || vocab === undefined || special === undefined ? undefined : { kind, vocab, special };
  return { ...found, model, tokenizer, problems: [] };
}

async function attempt<T>(work: () => Promise<T>): Promise<T | string> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

async function listed(format: Format): Promise<{ tensors: ListedTensor[]; metadata: CheckpointInfo["metadata"] }> {
  switch (format.kind) {
    case "safetensors-folder":
    case "safetensors": {
      const stored =
        format.kind === "safetensors" ? readSafetensors(format.file) : readSafetensorsFolder(format.folder);
      const { tensors, metadata } = await stored;
      return {
        tensors: [...tensors].map(([name, { dtype, shape, file }]) => ({ name, dtype, shape, file })),
        metadata,
      };
    }
    case "gguf": {
      const { tensors, metadata } = await readGguf(format.span);
      const { file } = format.span;
      return {
        tensors: tensors.map(({ name, type, shape }) => ({ name, dtype: type, shape, file })),
        metadata: shortValues(metadata),
      };
    }
    case "llama2c": {
      // The file has no names of its own.
      const { params } = await openLlama2c(format.file);
      const refs = entries<TensorRef>(params);
      return { tensors: refs.map(([name, { dtype, shape, file }]) => ({ name, dtype, shape, file })), metadata: {} };
    }
  }
}
