import { nearest, UserError } from "../errors.js";
import type { LlamaConfig, LlamaLayer, ModelConfig } from "../model/config.js";
import { notLlama } from "../model/llama.js";
import { isRecord } from "./json.js";

/** The fields of a `config.json`. */
export type ConfigJson = Readonly<Record<string, unknown>>;

/**
 * Reads the `config.json` of a Hugging Face Llama, with the names of transformers 4 (`rope_theta`, `torch_dtype`) and 5
 * (`rope_parameters`, `dtype`).
 *
 * @param json the parsed file
 * @param where the file's name, for messages
 * @returns the config; rotary layout `half`, as Hugging Face stores its projections
 * @throws UserError naming the field when a value is missing or wrong, or asks for something this kit does not compute:
 * another architecture, scaled rotary angles, biases, another activation, quantised weights
 */
export function fromHuggingFace(json: unknown, where: string): LlamaConfig {
  if (!isRecord(json)) throw new UserError("The config is not a JSON object", { where });
  refuseOthers(json, where);
  const width = size(json, "hidden_size", where);
  const heads = size(json, "num_attention_heads", where);
  const kvHeads = size(json, "num_key_value_heads", where, heads);
  const headDim = size(json, "head_dim", where, width / heads);
  if (heads % kvHeads !== 0)
    throw wrong("num_key_value_heads", kvHeads, `a divisor of num_attention_heads = ${heads}`, where);
  if (headDim % 2 !== 0) throw wrong("head_dim", headDim, "an even number, for rotary pairs", where);
  const layer: LlamaLayer = {
    mixer: { kind: "attention", heads, kvHeads, headDim, rope: { theta: ropeTheta(json, where), layout: "half" } },
    norm: { kind: "rmsNorm" },
    mlp: { kind: "swiglu", hidden: size(json, "intermediate_size", where) },
  };
  return {
    vocab: size(json, "vocab_size", where),
    width,
    context: size(json, "max_position_embeddings", where, 2048),
    tied: flag(json, "tie_word_embeddings", where),
    normEps: positive(json, "rms_norm_eps", where, 1e-6),
    linear: { kind: "dense" },
    layers: Array.from({ length: size(json, "num_hidden_layers", where, undefined, 10_000) }, () => layer),
  };
}

/** Fields that must have this value if they are there: anything else is a different function. */
const required: Readonly<Record<string, readonly unknown[]>> = {
  hidden_act: ["silu"],
  attention_bias: [false],
  mlp_bias: [false],
  partial_rotary_factor: [1],
  quantization_config: [],
  sliding_window: [],
};

function refuseOthers(json: ConfigJson, where: string): void {
  const { architectures, model_type: type } = json;
  const named: unknown[] = Array.isArray(architectures) && architectures.length > 0 ? architectures : [];
  const other = named.find((name) => name !== "LlamaForCausalLM");
  if (other !== undefined) throw wrong("architectures", other, "LlamaForCausalLM", where);
  if (type === undefined ? named.length === 0 : type !== "llama") throw wrong("model_type", type, '"llama"', where);
  for (const [field, allowed] of Object.entries(required)) {
    const value = json[field] ?? undefined;
    if (value === undefined || allowed.includes(value)) continue;
    const expected = allowed.length === 0 ? "no such field" : JSON.stringify(allowed[0]);
    throw wrong(field, value, `${expected}: this kit computes nothing else`, where);
  }
}

function ropeTheta(json: ConfigJson, where: string): number {
  for (const field of ["rope_scaling", "rope_parameters"]) {
    const value = json[field] ?? undefined;
    if (value === undefined) continue;
    if (!isRecord(value)) throw wrong(field, value, "an object", where);
    const type = value.rope_type ?? value.type ?? "default";
    if (type !== "default")
      throw wrong(`${field}.rope_type`, type, '"default": scaled rotary angles are not computed here', where);
    if ((value.partial_rotary_factor ?? 1) !== 1)
      throw wrong(`${field}.partial_rotary_factor`, value.partial_rotary_factor, "1", where);
    if (value.rope_theta !== undefined) return positive(value, "rope_theta", where);
  }
  return positive(json, "rope_theta", where, 10_000);
}

function size(json: ConfigJson, field: string, where: string, fallback?: number, limit = 2 ** 31): number {
  const value = json[field] ?? fallback;
  if (value === undefined) throw missing(json, field, where);
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= limit) return value;
  throw wrong(field, value, `a whole number from 1 to ${limit}`, where);
}

function positive(json: ConfigJson, field: string, where: string, fallback?: number): number {
  const value = json[field] ?? fallback;
  if (value === undefined) throw missing(json, field, where);
  if (typeof value === "number" && Number.isFinite(value) && value > 0) return value;
  throw wrong(field, value, "a number above 0", where);
}

function flag(json: ConfigJson, field: string, where: string): boolean {
  const value = json[field] ?? false;
  if (typeof value === "boolean") return value;
  throw wrong(field, value, "true or false", where);
}

function missing(json: ConfigJson, field: string, where: string): UserError {
  const near = nearest(field, Object.keys(json));
  return new UserError(`The config has no ${field}`, { where, fix: near && `The nearest field there is ${near}` });
}

function wrong(field: string, value: unknown, expected: string, where: string): UserError {
  const text = JSON.stringify(value) ?? "missing";
  return new UserError(`${field} is ${text.length > 80 ? `${text.slice(0, 77)}…` : text}`, { where, expected });
}

/** Why a Llama of transformers cannot be this model; `undefined` when it can. */
export function misfit(config: ModelConfig): UserError | undefined {
  const [first] = config.layers;
  if (first === undefined) return new UserError("A model without layers cannot be saved as a Hugging Face Llama");
  const other = notLlama(config, "A Hugging Face Llama");
  const odd = config.layers.findIndex((layer) => JSON.stringify(layer) !== JSON.stringify(first));
  if (other !== undefined || odd < 0) return other;
  return new UserError(`Layer ${odd} differs from layer 0`, {
    expected: "equal layers: a Hugging Face Llama has one shape for all",
  });
}

/**
 * Writes a config as the `config.json` of a Hugging Face Llama.
 *
 * @param config the model's config
 * @param dtype name PyTorch has for the element type of the weights, such as `bfloat16`
 * @param base fields to keep from an earlier `config.json`, such as the ids of special tokens; its spelling of the rotary
 * and element type fields (transformers 4 or 5) is kept too
 * @returns the fields, to be written as JSON
 * @throws UserError when a Llama of transformers cannot be this model
 */
export function toHuggingFace(config: ModelConfig, dtype: string, base: ConfigJson = {}): ConfigJson {
  const problem = misfit(config);
  if (problem !== undefined) throw problem;
  const [first] = (config as LlamaConfig).layers;
  const { heads, kvHeads, headDim, rope } = first.mixer;
  const {
    torch_dtype: _old,
    dtype: _new,
    rope_theta: _theta,
    rope_parameters: _rope,
    rope_scaling: _scaling,
    ...kept
  } = base;
  const modern = base.rope_parameters !== undefined || base.dtype !== undefined;
  return {
    hidden_act: "silu",
    attention_bias: false,
    mlp_bias: false,
    ...kept,
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    vocab_size: config.vocab,
    hidden_size: config.width,
    intermediate_size: first.mlp.hidden,
    num_hidden_layers: config.layers.length,
    num_attention_heads: heads,
    num_key_value_heads: kvHeads,
    head_dim: headDim,
    max_position_embeddings: config.context,
    rms_norm_eps: config.normEps,
    tie_word_embeddings: config.tied,
    ...(modern
      ? { dtype, rope_parameters: { rope_theta: rope.theta, rope_type: "default" } }
      : { torch_dtype: dtype, rope_theta: rope.theta }),
  };
}
