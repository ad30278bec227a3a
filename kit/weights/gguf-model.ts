import type { TensorRef } from "../engine/ref.js";
import { UserError } from "../errors.js";
import type { Llama, LlamaConfig, LlamaLayer } from "../model/config.js";
import type { GgufVocabulary } from "../text/index.js";
import { assemble } from "./assemble.js";
import type { Gguf, GgufValue } from "./gguf.js";
import { ggufNames } from "./names.js";
import { quote } from "./safetensors-header.js";

/** Types of quantised tensors the kit dequantises, for messages. */
const readable = "F32, F16, BF16, Q4_0, Q4_1, Q8_0, TQ1_0 or TQ2_0";

/**
 * Puts the tensors of a GGUF file into a model.
 *
 * llama.cpp stores the rows of the query and key projections in interleaved rotary pairs; undoing that is left pending on
 * the references, so that the model has the layout `half` of Hugging Face.
 *
 * @param gguf the file's header
 * @param where its name, for messages
 * @returns the model, still on disk
 * @throws UserError for another architecture, a tensor type that is not dequantised, or tensors that do not fit
 */
export function modelFromGguf(gguf: Gguf, where: string): Llama<TensorRef> {
  const config = configFromGguf(gguf, where);
  const tensors = new Map<string, TensorRef>();
  for (const { name, type, ref } of gguf.tensors) {
    if (ref === undefined) {
      throw new UserError(`Tensor ${quote(name)} is stored as ${type}`, {
        where,
        expected: readable,
        fix: "Use a file of another quantisation of the same model, such as Q8_0",
      });
    }
    tensors.set(name, rowsUndone(name, ref, config));
  }
  return assemble(config, tensors, ggufNames, where);
}

function rowsUndone(name: string, ref: TensorRef, { layers: [{ mixer }] }: LlamaConfig): TensorRef {
  if (/^blk\.\d+\.attn_q\.weight$/.test(name)) return { ...ref, unpermuteHeads: mixer.heads };
  if (/^blk\.\d+\.attn_k\.weight$/.test(name)) return { ...ref, unpermuteHeads: mixer.kvHeads };
  return ref;
}

/**
 * The config in a GGUF file's `llama.*` metadata.
 *
 * @throws UserError naming the key when a value is missing, wrong, or asks for something this kit does not compute
 */
export function configFromGguf(gguf: Gguf, where: string): LlamaConfig {
  const { metadata, tensors } = gguf;
  const architecture = metadata.get("general.architecture");
  if (architecture !== "llama") {
    throw new UserError(`general.architecture is ${show(architecture)}`, { where, expected: '"llama"' });
  }
  const value = (key: string, fallback?: number): number => positive(metadata, `llama.${key}`, where, fallback);
  const count = (key: string, fallback?: number): number => {
    const found = value(key, fallback);
    if (Number.isInteger(found) && found <= 2 ** 31) return found;
    throw new UserError(`llama.${key} is ${found}`, { where, expected: "a whole number above 0" });
  };
  refuseOthers(gguf, where);
  const [width, heads] = [count("embedding_length"), count("attention.head_count")];
  const kvHeads = count("attention.head_count_kv", heads);
  const headDim = count("attention.key_length", width / heads);
  for (const key of ["attention.value_length", "rope.dimension_count"]) {
    if (count(key, headDim) !== headDim)
      throw new UserError(`llama.${key} is ${value(key)}`, { where, expected: `the head width ${headDim}` });
  }
  if (heads % kvHeads !== 0 || headDim % 2 !== 0) {
    throw new UserError(`${heads} heads, ${kvHeads} key heads of width ${headDim}`, {
      where,
      expected: "heads in equal groups, of even width",
    });
  }
  const layer: LlamaLayer = {
    mixer: {
      kind: "attention",
      heads,
      kvHeads,
      headDim,
      rope: { theta: value("rope.freq_base", 10_000), layout: "half" },
    },
    norm: { kind: "rmsNorm" },
    mlp: { kind: "swiglu", hidden: count("feed_forward_length") },
  };
  const depth = count("block_count");
  if (depth > 10_000) throw new UserError(`llama.block_count is ${depth}`, { where, expected: "at most 10,000" });
  const embedding = tensors.find(({ name }) => name === ggufNames.whole.embed);
  return {
    vocab: embedding?.shape[0] ?? count("vocab_size"),
    width,
    context: count("context_length", 2048),
    tied: !tensors.some(({ name }) => name === ggufNames.whole.head),
    normEps: value("attention.layer_norm_rms_epsilon", 1e-5),
    linear: { kind: "dense" },
    layers: Array.from({ length: depth }, () => layer),
  };
}

function refuseOthers({ metadata, tensors }: Gguf, where: string): void {
  const scaling = metadata.get("llama.rope.scaling.type") ?? "none";
  if (scaling !== "none" || tensors.some(({ name }) => name === "rope_freqs.weight")) {
    throw new UserError("This model scales its rotary angles", { where, expected: "plain rotary angles" });
  }
  if ((metadata.get("llama.expert_count") ?? 0) !== 0) {
    throw new UserError("llama.expert_count says that this is a mixture of experts", {
      where,
      expected: "one MLP a layer",
    });
  }
}

function positive(metadata: Gguf["metadata"], key: string, where: string, fallback?: number): number {
  const value = metadata.get(key) ?? fallback;
  if (typeof value === "number" && Number.isFinite(value) && value > 0) return value;
  throw new UserError(value === undefined ? `The GGUF metadata has no ${key}` : `${key} is ${show(value)}`, {
    where,
    expected: "a number above 0",
  });
}

function show(value: GgufValue | undefined): string {
  if (typeof value === "string") return quote(value);
  return typeof value === "object" ? "a list" : String(value ?? "missing");
}

/** The vocabulary in a GGUF file's `tokenizer.ggml.*` metadata as plain values, or `undefined` when it has none. */
export function vocabularyFromGguf({ metadata }: Gguf): GgufVocabulary | undefined {
  const get = (key: string): GgufValue | undefined => metadata.get(`tokenizer.ggml.${key}`);
  const [model, tokens] = [get("model"), get("tokens")];
  if (typeof model !== "string" || model === "none" || !isTexts(tokens)) return undefined;
  const [pre, merges, scores, types] = [get("pre"), get("merges"), get("scores"), get("token_type")];
  return {
    model,
    tokens,
    pre: typeof pre === "string" ? pre : undefined,
    merges: isTexts(merges) ? merges : undefined,
    scores: ArrayBuffer.isView(scores) ? scores : undefined,
    types: ArrayBuffer.isView(types) ? types : undefined,
    bos: asNumber(get("bos_token_id")),
    eos: asNumber(get("eos_token_id")),
    padding: asNumber(get("padding_token_id")),
    unknown: asNumber(get("unknown_token_id")),
    addBos: asFlag(get("add_bos_token")),
    addEos: asFlag(get("add_eos_token")),
    addSpacePrefix: asFlag(get("add_space_prefix")),
  };
}

/** The chat template in a GGUF file's metadata, in Jinja's language; `undefined` when it has none. */
export function chatTemplateFromGguf({ metadata }: Gguf): string | undefined {
  const template = metadata.get("tokenizer.chat_template");
  return typeof template === "string" ? template : undefined;
}

function isTexts(value: GgufValue | undefined): value is readonly string[] {
  return Array.isArray(value);
}

function asNumber(value: GgufValue | undefined): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function asFlag(value: GgufValue | undefined): boolean | undefined {
  return typeof value === "boolean" ? value : undefined;
}
