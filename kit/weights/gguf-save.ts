/** A Llama as a GGUF file, as llama.cpp's converter writes it. */
import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { read } from "../engine/index.js";
import { entries } from "../engine/tree.js";
import { UserError } from "../errors.js";
import type { LlamaConfig, Model } from "../model/config.js";
import { asLlama } from "../model/llama.js";
import { exists } from "../source/files.js";
import type { GgufVocabulary } from "../text/index.js";
import { chatTemplateOf } from "./chatTemplate.js";
import type { Checkpoint } from "./checkpoint.js";
import { bytesOf, rotaryShape } from "./chunks.js";
import { encode } from "./convert.js";
import { byteLength } from "./dtypes.js";
import { replacing } from "./folder.js";
import { vocabularyFromGguf } from "./gguf-model.js";
import { ggufOf } from "./gguf-open.js";
import { type GgufField, type GgufSource, type GgufType, writeGguf } from "./gguf-write.js";
import { readJson } from "./json.js";
import { ggufNames, storedName } from "./names.js";
import { quantiseQ8 } from "./quants.js";
import { narrowest, withinRange } from "./range.js";
import { readRef } from "./read.js";
import { written } from "./safetensors-write.js";
import { isTensor, type Savable } from "./sources.js";

export type GgufOptions = {
  /** Element type of the matrices: their own unless given. Gains are F32, and so is what no block of Q8_0 fits. */
  readonly dtype?: GgufType;
  /** The checkpoint this model was made from: its tokenizer and chat template go along. */
  readonly like?: Checkpoint<unknown>;
  /** Replace a file that is already there. */
  readonly overwrite?: boolean;
};

/**
 * Saves a Llama as a GGUF file that llama.cpp runs and this kit loads.
 *
 * Rows of the query and key projections are put into llama.cpp's order, interleaved rotary pairs. Memory: the largest tensor
 * as float32, twice.
 *
 * @param model in memory or on disk
 * @param file path of the file to make
 * @returns the file's absolute path
 * @throws UserError when the model is no Llama, its tokenizer none that llama.cpp has, a value beyond the range of its type,
 * the file there, or the disk refuses
 */
export async function saveGguf(model: Model<Savable>, file: string, options: GgufOptions = {}): Promise<string> {
  const target = resolve(file);
  const config = asLlama(model.config, "A GGUF file of a Llama");
  if (options.overwrite !== true && (await exists(target)))
    throw new UserError(`${target} is there already`, { fix: `Choose another name, or ${replacing}` });
  const { like, dtype } = options;
  const tensors = entries<Savable>(model.params).map(([path, leaf]) => source(path, leaf, config, dtype));
  const metadata = [
    ...modelFields(config, tensors[0].type, like?.info.name ?? basename(target)),
    ...(like === undefined ? [] : await tokenizerFields(like, config.vocab)),
  ];
  await writeGguf(target, metadata, tensors);
  return target;
}

type Fields = readonly (readonly [key: string, value: GgufField])[];

/** llama.cpp's numbers for what most tensors of a file are. */
const fileTypes: { readonly [T in GgufType]: number } = { F32: 0, F16: 1, Q8_0: 7, BF16: 32 };

function modelFields(config: LlamaConfig, type: GgufType, name: string): Fields {
  const { mixer, mlp } = sameLayers(config);
  return [
    ["general.architecture", { text: "llama" }],
    ["general.name", { text: name }],
    ["general.file_type", { u32: fileTypes[type] }],
    ["general.quantization_version", { u32: 2 }],
    ["llama.vocab_size", { u32: config.vocab }],
    ["llama.context_length", { u32: config.context }],
    ["llama.embedding_length", { u32: config.width }],
    ["llama.block_count", { u32: config.layers.length }],
    ["llama.feed_forward_length", { u32: mlp.hidden }],
    ["llama.attention.head_count", { u32: mixer.heads }],
    ["llama.attention.head_count_kv", { u32: mixer.kvHeads }],
    ["llama.attention.key_length", { u32: mixer.headDim }],
    ["llama.attention.value_length", { u32: mixer.headDim }],
    ["llama.attention.layer_norm_rms_epsilon", { f32: config.normEps }],
    ["llama.rope.dimension_count", { u32: mixer.headDim }],
    ["llama.rope.freq_base", { f32: mixer.rope.theta }],
  ];
}

/** The layer that all layers are like. */
function sameLayers({ layers }: LlamaConfig): LlamaConfig["layers"][number] {
  if (layers.length === 0) throw new UserError("A GGUF file of a Llama has at least one layer");
  const other = layers.findIndex((layer) => JSON.stringify(layer) !== JSON.stringify(layers[0]));
  if (other < 0) return layers[0];
  throw new UserError(`Layer ${other} differs from layer 0`, {
    expected: "equal layers: a GGUF file has one shape for all",
  });
}

function source(path: string, leaf: Savable, config: LlamaConfig, dtype?: GgufType): GgufSource {
  const name = storedName(ggufNames, path);
  if (name === undefined) throw new UserError(`A GGUF file of a Llama has no place for the parameter ${path}`);
  const { shape } = leaf;
  const wanted = dtype ?? ownType(leaf);
  const whole = shape.length > 1 && !Number.isNaN(byteLength(wanted, [shape[shape.length - 1]]));
  const type = whole ? wanted : "F32";
  return { name, type, shape, bytes: () => encoded(name, type, inRows(path, config, shape, valuesOf(name, leaf))) };
}

/** Sixteen bits stay sixteen bits, all else becomes F32. */
function ownType(leaf: Savable): GgufType {
  const dtype = isTensor(leaf) ? "F32" : written(leaf).dtype;
  return dtype === "F16" || dtype === "BF16" ? dtype : "F32";
}

function valuesOf(name: string, leaf: Savable): Float32Array {
  if (isTensor(leaf)) return read(leaf) as Float32Array;
  if ("file" in leaf) {
    const [values, through] = [readRef(leaf), narrowest(leaf, "F32")];
    if (through !== undefined) withinRange(name, through, "F32", bytesOf(values));
    return values;
  }
  const values = typeof leaf.values === "function" ? leaf.values() : leaf.values;
  return Float32Array.from(values as Float32Array);
}

/** The rows of a query or key projection in llama.cpp's order; all else as it is. */
function inRows(path: string, { layers }: LlamaConfig, shape: readonly number[], values: Float32Array): Float32Array {
  const [, layer, projection] = /^layers\.(\d+)\.mixer\.([qk])$/.exec(path) ?? [];
  if (layer === undefined) return values;
  const { heads, kvHeads, rope } = layers[Number(layer)].mixer;
  if (rope.layout === "interleaved") return values;
  const { headDim, width } = rotaryShape(shape, projection === "q" ? heads : kvHeads, path);
  return permuted(values, headDim, width);
}

/**
 * Moves the rows of each head from halves `(i, i + K/2)` to interleaved pairs `(2i, 2i + 1)`.
 *
 * @see llama.cpp convert_hf_to_gguf.py, LlamaModel.permute
 */
export function permuted(values: Float32Array, headDim: number, width: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let row = 0; row < values.length / width; row++) {
    const within = row % headDim;
    const to = row - within + (within % (headDim / 2)) * 2 + (within < headDim / 2 ? 0 : 1);
    out.set(values.subarray(row * width, (row + 1) * width), to * width);
  }
  return out;
}

function encoded(name: string, type: GgufType, values: Float32Array): Uint8Array {
  if (type === "F32") return bytesOf(values);
  if (type === "Q8_0") return quantiseQ8(values);
  const bytes = new Uint8Array(2 * values.length);
  encode(type, values, bytes);
  return withinRange(name, type, type, bytes);
}

async function tokenizerFields(like: Checkpoint<unknown>, vocab: number): Promise<Fields> {
  const found = await vocabularyOf(like, vocab);
  if (found === undefined) return [["tokenizer.ggml.model", { text: "none" }]];
  const { model, pre, tokens, types, merges, scores, bos, eos, padding, unknown } = found;
  const template = await chatTemplateOf(like.info);
  const fields: [key: string, value: GgufField | undefined][] = [
    ["ggml.model", { text: model }],
    ["ggml.pre", { text: pre ?? "default" }],
    ["ggml.tokens", { texts: tokens }],
    ["ggml.scores", scores && { f32s: scores }],
    ["ggml.token_type", types && { i32s: types }],
    ["ggml.merges", merges && { texts: merges }],
    ["ggml.bos_token_id", id(bos)],
    ["ggml.eos_token_id", id(eos)],
    ["ggml.padding_token_id", id(padding)],
    ["ggml.unknown_token_id", id(unknown)],
    ["ggml.add_bos_token", flag(found.addBos)],
    ["ggml.add_eos_token", flag(found.addEos)],
    ["ggml.add_space_prefix", flag(found.addSpacePrefix)],
    ["chat_template", template === undefined ? undefined : { text: template }],
  ];
  return fields.flatMap(([key, value]) => (value === undefined ? [] : [[`tokenizer.${key}`, value] as const]));
}

function id(value: number | undefined): GgufField | undefined {
  return value === undefined ? undefined : { u32: value };
}

function flag(value: boolean | undefined): GgufField | undefined {
  return value === undefined ? undefined : { flag: value };
}

/** The vocabulary of a checkpoint as llama.cpp wants it; `undefined` when it brings none. */
async function vocabularyOf(
  { info, tokenizer }: Checkpoint<unknown>,
  vocab: number,
): Promise<GgufVocabulary | undefined> {
  if (tokenizer === undefined) return undefined;
  const gguf = await ggufOf(info);
  if (gguf !== undefined) return vocabularyFromGguf(gguf);
  const text = await import("../text/index.js");
  const [json, pieces] = ["tokenizer.json", "tokenizer.model"].map((name) => join(info.folder ?? "", name));
  if (await exists(pieces)) return text.ggufVocabularyOfPieces(await readFile(pieces), tokenizer, vocab);
  if (await exists(json)) return text.ggufVocabulary(await readJson(json, 64e6), tokenizer, vocab);
  throw new UserError("llama.cpp has no such tokenizer", {
    where: info.path,
    expected: "tokenizer.model or tokenizer.json beside the weights",
  });
}
