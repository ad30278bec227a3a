import { nearest, UserError } from "../errors.js";
import type { LayerSpec, MixerSpec, ModelConfig } from "../model/config.js";
import { foreignTo, notDense } from "../model/llama.js";
import { type AttentionSpec, lambdaInitAt } from "../nn/index.js";
import { isRecord } from "./json.js";

/** The fields of a `config.json`. */
export type ConfigJson = Readonly<Record<string, unknown>>;

/** A model of transformers that the kit has too. */
type Architecture = {
  /** Its name there. */
  readonly name: string;
  /** The mixer of a layer, counted from 0. */
  readonly mixer: (heads: AttentionSpec, layer: number) => MixerSpec;
  /** Whether heads come in pairs. */
  readonly pairs: boolean;
  /** What transformers takes for `rms_norm_eps` where a config has none. */
  readonly normEps: number;
  /** Fields that a config gets which had none of them. */
  readonly defaults: ConfigJson;
};

/** The models of transformers that the kit reads and writes, by `model_type`. */
const architectures: { readonly [Type in "llama" | "diffllama"]: Architecture } = {
  llama: {
    name: "LlamaForCausalLM",
    mixer: ({ heads, kvHeads, headDim, rope }) => ({ kind: "attention", heads, kvHeads, headDim, rope }),
    pairs: false,
    normEps: 1e-6,
    defaults: { mlp_bias: false },
  },
  diffllama: {
    name: "DiffLlamaForCausalLM",
    mixer: diffLlamaMixer,
    pairs: true,
    normEps: 1e-5,
    defaults: { lambda_std_dev: 0.1 },
  },
};

function diffLlamaMixer({ heads, kvHeads, headDim, rope }: AttentionSpec, layer: number): DiffLlamaMixer {
  const kind = "differentialV1";
  const lambdaInit = lambdaInitAt(layer);
  return { kind, heads, kvHeads, headDim, rope, split: "halvedHeads", output: "plainSubNorm", lambdaInit };
}

type DiffLlamaMixer = Extract<MixerSpec, { readonly kind: "differentialV1" }>;

type ModelType = keyof typeof architectures;

const modelTypes = Object.keys(architectures) as ModelType[];

/** What transformers takes for fields that a Llama's config lacks. */
export const llamaDefaults: { readonly rope_theta: number; readonly rms_norm_eps: number } = {
  rope_theta: 10_000,
  rms_norm_eps: architectures.llama.normEps,
};

/**
 * Reads the `config.json` of a Hugging Face Llama or DiffLlama, with the names of transformers 4 (`rope_theta`,
 * `torch_dtype`) and 5 (`rope_parameters`, `dtype`).
 *
 * @param json the parsed file
 * @param where the file's name, for messages
 * @returns the config; rotary layout `half`, as Hugging Face stores its projections
 * @throws UserError naming the field when a value is missing or wrong, or asks for something this kit does not compute:
 * another architecture, scaled rotary angles, biases, another activation, quantised weights
 */
export function fromHuggingFace(json: unknown, where: string): ModelConfig {
  if (!isRecord(json)) throw new UserError("The config is not a JSON object", { where });
  const { mixer, pairs, normEps } = architectures[modelTypeOf(json, where)];
  refuseOthers(json, where);
  const width = size(json, "hidden_size", where);
  const heads = size(json, "num_attention_heads", where);
  const kvHeads = size(json, "num_key_value_heads", where, heads);
  const headDim = size(json, "head_dim", where, width / heads);
  if (heads % kvHeads !== 0)
    throw wrong("num_key_value_heads", kvHeads, `a divisor of num_attention_heads = ${heads}`, where);
  if (headDim % 2 !== 0) throw wrong("head_dim", headDim, "an even number, for rotary pairs", where);
  if (pairs && kvHeads % 2 !== 0)
    throw wrong("num_key_value_heads", kvHeads, "an even number, for pairs of heads", where);
  const ofHeads: AttentionSpec = { heads, kvHeads, headDim, rope: { theta: ropeTheta(json, where), layout: "half" } };
  const hidden = size(json, "intermediate_size", where);
  const layer = (i: number): LayerSpec => ({
    mixer: mixer(ofHeads, i),
    norm: { kind: "rmsNorm" },
    mlp: { kind: "swiglu", hidden },
  });
  return {
    vocab: size(json, "vocab_size", where),
    width,
    context: size(json, "max_position_embeddings", where, 2048),
    tied: flag(json, "tie_word_embeddings", where),
    normEps: positive(json, "rms_norm_eps", where, normEps),
    linear: { kind: "dense" },
    layers: Array.from({ length: size(json, "num_hidden_layers", where, undefined, 10_000) }, (_, i) => layer(i)),
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

/** Which model it is: by `model_type`, or by `architectures` where that is missing; both must agree. */
function modelTypeOf({ architectures: names, model_type: type }: ConfigJson, where: string): ModelType {
  const named: unknown[] = Array.isArray(names) ? names : [];
  const ofName = (name: unknown): ModelType | undefined =>
    modelTypes.find((known) => architectures[known].name === name);
  const found = modelTypes.find((known) => known === (type ?? ofName(named[0])));
  const other = named.find((name) => ofName(name) === undefined || (found !== undefined && ofName(name) !== found));
  if (other !== undefined) {
    const expected = found === undefined ? modelTypes : [found];
    throw wrong("architectures", other, expected.map((known) => architectures[known].name).join(" or "), where);
  }
  if (found !== undefined) return found;
  throw wrong("model_type", type, modelTypes.map((known) => JSON.stringify(known)).join(" or "), where);
}

/** Whether a parsed `config.json` is of this model. */
export function isOfType(json: unknown, type: ModelType): boolean {
  if (!isRecord(json)) return false;
  const { model_type: said, architectures: names } = json;
  return said === type || (said === undefined && Array.isArray(names) && names[0] === architectures[type].name);
}

function refuseOthers(json: ConfigJson, where: string): void {
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
  return positive(json, "rope_theta", where, llamaDefaults.rope_theta);
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

/** Why no model of transformers that the kit writes can be this one; `undefined` when one can. */
export function misfit(config: ModelConfig): UserError | undefined {
  const type = nearestType(config);
  const what = type === "llama" ? "a Hugging Face Llama" : "a Hugging Face DiffLlama";
  const [first] = config.layers;
  if (first === undefined) return new UserError(`A model without layers cannot be saved as ${what}`);
  return (
    notDense(config, capital(what)) ??
    config.layers.map((layer, i) => layerMisfit(layer, first, i, what)).find((problem) => problem !== undefined)
  );
}

/** The model of transformers that has the mixer of the first layer; a Llama where none has. */
function nearestType({ layers }: ModelConfig): ModelType {
  return layers[0]?.mixer.kind === "differentialV1" ? "diffllama" : "llama";
}

function layerMisfit(layer: LayerSpec, first: LayerSpec, at: number, what: string): UserError | undefined {
  const kind = first.mixer.kind === "differentialV1" ? first.mixer.kind : "attention";
  const foreign = foreignTo(kind)(layer);
  if (foreign !== undefined)
    return new UserError(`${capital(what)} has no ${foreign}`, {
      where: `layer ${at}`,
      expected: `${kind} in every layer`,
    });
  const { mixer } = layer;
  const own = mixer.kind === "differentialV1" ? { lambdaInit: mixer.lambdaInit } : {};
  if (JSON.stringify(layer) !== JSON.stringify({ ...first, mixer: { ...first.mixer, ...own } }))
    return new UserError(`Layer ${at} differs from layer 0`, {
      expected: `equal layers: ${what} has one shape for all`,
    });
  if (mixer.kind !== "differentialV1") return undefined;
  const wanted = diffLlamaMixer(mixer, at);
  const field = (["split", "output", "lambdaInit"] as const).find((name) => mixer[name] !== wanted[name]);
  if (field === undefined) return undefined;
  const expected = field === "lambdaInit" ? `${wanted[field]}, which a DiffLlama has there` : wanted[field];
  return new UserError(`The ${field} of layer ${at} is ${mixer[field]}`, { where: what, expected });
}

function capital(text: string): string {
  return text[0].toUpperCase() + text.slice(1);
}

/**
 * Writes a config as the `config.json` of a Hugging Face Llama or DiffLlama.
 *
 * @param config the model's config
 * @param dtype name PyTorch has for the element type of the weights, such as `bfloat16`
 * @param base fields to keep from an earlier `config.json`, such as the ids of special tokens; its spelling of the rotary
 * and of the element type fields (transformers 4 or 5, or one of each) is kept too
 * @returns the fields, to be written as JSON
 * @throws UserError when no model of transformers that the kit writes can be this one
 */
export function toHuggingFace(config: ModelConfig, dtype: string, base: ConfigJson = {}): ConfigJson {
  const problem = misfit(config);
  if (problem !== undefined) throw problem;
  const [first] = config.layers;
  const { heads, kvHeads, headDim, rope } = first.mixer as MixerSpec & AttentionSpec;
  const type = nearestType(config);
  const { name, defaults } = architectures[type];
  const {
    torch_dtype: _old,
    dtype: _new,
    rope_theta: _theta,
    rope_parameters: _rope,
    rope_scaling: _scaling,
    ...kept
  } = base;
  const has = (field: string): boolean => (base[field] ?? undefined) !== undefined;
  // What the base lacks is spelt as what it has.
  const modernType = has("dtype") || (has("rope_parameters") && !has("torch_dtype"));
  const modernRope = has("rope_parameters") || (has("dtype") && !has("rope_theta"));
  return {
    hidden_act: "silu",
    attention_bias: false,
    ...defaults,
    ...kept,
    architectures: [name],
    model_type: type,
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
    ...(modernType ? { dtype } : { torch_dtype: dtype }),
    ...(modernRope
      ? { rope_parameters: { rope_theta: rope.theta, rope_type: "default" } }
      : { rope_theta: rope.theta }),
  };
}
