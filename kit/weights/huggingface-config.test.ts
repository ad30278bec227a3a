import { describe, expect, test } from "vitest";
import { UserError } from "../errors.js";
import type { ModelConfig } from "../model/config.js";
import { countParameters, liquid } from "../model/index.js";
import { type ConfigJson, fromHuggingFace, toHuggingFace } from "./huggingface-config.js";

/** TinyLlama-1.1B's own config.json (facts: 22 layers, width 2048, 32 heads on 4, MLP 5632). */
const tinyLlama: ConfigJson = {
  architectures: ["LlamaForCausalLM"],
  attention_bias: false,
  bos_token_id: 1,
  eos_token_id: 2,
  hidden_act: "silu",
  hidden_size: 2048,
  initializer_range: 0.02,
  intermediate_size: 5632,
  max_position_embeddings: 2048,
  model_type: "llama",
  num_attention_heads: 32,
  num_hidden_layers: 22,
  num_key_value_heads: 4,
  pretraining_tp: 1,
  rms_norm_eps: 1e-5,
  rope_scaling: null,
  rope_theta: 10000.0,
  tie_word_embeddings: false,
  torch_dtype: "bfloat16",
  use_cache: true,
  vocab_size: 32000,
};

const { rope_theta: _, torch_dtype: __, rope_scaling: ___, ...common } = tinyLlama;
const modern: ConfigJson = {
  ...common,
  dtype: "bfloat16",
  rope_parameters: { rope_theta: 10000, rope_type: "default" },
  head_dim: 64,
};

test("TinyLlama-1.1B has 1,100,048,384 parameters, by the names of transformers 4 and of 5", () => {
  const config = fromHuggingFace(tinyLlama, "config.json");
  expect(countParameters(config)).toBe(1_100_048_384);
  expect(fromHuggingFace(modern, "config.json")).toEqual(config);
});

test("what older files leave out has transformers' defaults", () => {
  const config = fromHuggingFace(
    {
      architectures: ["LlamaForCausalLM"],
      hidden_size: 8,
      intermediate_size: 9,
      num_attention_heads: 2,
      num_hidden_layers: 1,
      vocab_size: 5,
    },
    "x",
  );
  expect(config).toMatchObject({ context: 2048, tied: false, normEps: 1e-6 });
  expect(config.layers[0].mixer).toEqual({
    kind: "attention",
    heads: 2,
    kvHeads: 2,
    headDim: 4,
    rope: { theta: 10_000, layout: "half" },
  });
});

test("to config.json and back; other fields and the spelling of the original are kept", () => {
  for (const original of [tinyLlama, modern]) {
    const config = fromHuggingFace(original, "x");
    const written = toHuggingFace(config, "float16", original);
    expect(fromHuggingFace(written, "x")).toEqual(config);
    expect(written).toMatchObject({ bos_token_id: 1, initializer_range: 0.02 });
    const isModern = original === modern;
    expect(written.dtype).toBe(isModern ? "float16" : undefined);
    expect(written.torch_dtype).toBe(isModern ? undefined : "float16");
    expect("rope_theta" in written).toBe(!isModern);
  }
});

test.each<[string, ConfigJson, string[]]>([
  ["as late releases of transformers 4 have it", { dtype: "bfloat16", rope_theta: 1e4 }, ["dtype", "rope_theta"]],
  [
    "the other way about",
    { torch_dtype: "bfloat16", rope_parameters: { rope_theta: 1e4, rope_type: "default" } },
    ["rope_parameters", "torch_dtype"],
  ],
  ["one field alone", { dtype: "bfloat16" }, ["dtype", "rope_parameters"]],
  ["neither", {}, ["rope_theta", "torch_dtype"]],
])("each field is spelt by itself: %s", (_, spelt, expected) => {
  const original = { ...common, ...spelt };
  const written = toHuggingFace(fromHuggingFace(original, "x"), "float16", original);
  const fields = ["dtype", "torch_dtype", "rope_theta", "rope_parameters"];
  expect(fields.filter((field) => field in written).sort()).toEqual(expected);
  expect(fromHuggingFace(written, "x")).toEqual(fromHuggingFace(original, "x"));
});

describe("DiffLlama", () => {
  const json: ConfigJson = { ...tinyLlama, architectures: ["DiffLlamaForCausalLM"], model_type: "diffllama" };
  const config = fromHuggingFace(json, "x");
  const changed = (mixer: object, at = 1): ModelConfig => ({
    ...config,
    layers: config.layers.map((layer, i) => (i === at ? { ...layer, mixer: { ...layer.mixer, ...mixer } } : layer)),
  });

  test("pairs the heads of both halves; λ_init is that of the layer", () => {
    expect(config.layers[0].mixer).toEqual({
      kind: "differentialV1",
      heads: 32,
      kvHeads: 4,
      headDim: 64,
      rope: { theta: 10_000, layout: "half" },
      split: "halvedHeads",
      output: "plainSubNorm",
      lambdaInit: 0.8 - 0.6,
    });
    expect(config.layers[21].mixer).toMatchObject({ lambdaInit: 0.8 - 0.6 * Math.exp(-6.3) });
  });

  test("has a default of its own for rms_norm_eps", () => {
    const { rms_norm_eps: _, ...less } = json;
    expect(fromHuggingFace(less, "x").normEps).toBe(1e-5);
    expect(countParameters(config)).toBe(1_100_048_384 + 22 * 4 * 64);
    expect(fromHuggingFace({ ...json, model_type: undefined }, "x")).toEqual(config);
  });

  test("to config.json and back", () => {
    const written = toHuggingFace(config, "float16", json);
    expect(written).toMatchObject({
      architectures: ["DiffLlamaForCausalLM"],
      model_type: "diffllama",
      bos_token_id: 1,
    });
    expect(toHuggingFace(config, "float32")).toMatchObject({ lambda_std_dev: 0.1 });
    expect(fromHuggingFace(written, "x")).toEqual(config);
  });

  test("what it has no place for is named", () => {
    expect(() => toHuggingFace(changed({ lambdaInit: 0.5 }), "float32")).toThrow(
      /^The lambdaInit of layer 1 is 0\.5 \(a Hugging Face DiffLlama\): expected 0\.35550906759096\d*, which/,
    );
    expect(() => toHuggingFace(changed({ split: "adjacentHeads" }, 0), "float32")).toThrow(
      "The split of layer 0 is adjacentHeads (a Hugging Face DiffLlama): expected halvedHeads",
    );
    expect(() => toHuggingFace(changed({ output: "subNorm" }), "float32")).toThrow(/^Layer 1 differs from layer 0/);
    const [{ mixer: _, ...rest }] = fromHuggingFace(tinyLlama, "x").layers;
    const mixed = changed({});
    const layers = mixed.layers.map((layer, i) =>
      i === 3 ? { ...rest, mixer: fromHuggingFace(tinyLlama, "x").layers[0].mixer } : layer,
    );
    expect(() => toHuggingFace({ ...mixed, layers }, "float32")).toThrow(
      "A Hugging Face DiffLlama has no attention (layer 3): expected differentialV1 in every layer",
    );
    expect(() => toHuggingFace(liquid(fromHuggingFace(tinyLlama, "x")), "float32")).toThrow(
      "A Hugging Face Llama has no adaptiveRmsNorm (layer 0): expected attention in every layer",
    );
    expect(() => fromHuggingFace({ ...json, num_key_value_heads: 1 }, "x")).toThrow(
      /num_key_value_heads is 1 .*an even number, for pairs of heads/,
    );
    expect(() => fromHuggingFace({ ...json, model_type: "llama" }, "x")).toThrow(
      /architectures is "DiffLlamaForCausalLM"/,
    );
  });
});

test("layers that differ cannot be a Hugging Face Llama", () => {
  const config = fromHuggingFace(tinyLlama, "x");
  const layers = config.layers.map((layer, i) => (i === 7 ? { ...layer, mlp: { ...layer.mlp, hidden: 99 } } : layer));
  const odd: ModelConfig = { ...config, layers };
  expect(() => toHuggingFace(odd, "float32")).toThrow(/Layer 7 differs from layer 0/);
  expect(() => toHuggingFace({ ...config, layers: [] }, "float32")).toThrow(/without layers/);
});

describe("what this kit does not compute is named by its field", () => {
  test.each<[ConfigJson, RegExp]>([
    [
      { architectures: ["MistralForCausalLM"], model_type: "mistral" },
      /architectures is "MistralForCausalLM".*expected LlamaForCausalLM or DiffLlamaForCausalLM/,
    ],
    [{ architectures: undefined, model_type: "gpt2" }, /model_type is "gpt2"/],
    [{ architectures: undefined, model_type: undefined }, /model_type is missing/],
    [{ rope_scaling: { type: "linear", factor: 2 } }, /rope_scaling.rope_type is "linear"/],
    [{ rope_parameters: { rope_type: "llama3", rope_theta: 5e5 } }, /rope_parameters.rope_type is "llama3"/],
    [{ rope_scaling: 2 }, /rope_scaling is 2/],
    [{ attention_bias: true }, /attention_bias is true.*expected false/],
    [{ mlp_bias: true }, /mlp_bias is true/],
    [{ hidden_act: "gelu" }, /hidden_act is "gelu".*expected "silu"/],
    [{ quantization_config: { bits: 4 } }, /quantization_config is \{"bits":4\}/],
    [{ partial_rotary_factor: 0.5 }, /partial_rotary_factor is 0.5/],
    [{ vocab_size: undefined, vocabsize: 3 }, /no vocab_size.*nearest field there is vocabsize/],
    [{ hidden_size: "2048" }, /hidden_size is "2048".*whole number/],
    [{ num_hidden_layers: 0 }, /num_hidden_layers is 0/],
    [{ num_hidden_layers: 1e9 }, /from 1 to 10000/],
    [{ num_key_value_heads: 5 }, /num_key_value_heads is 5.*divisor/],
    [{ num_attention_heads: 7, num_key_value_heads: 7 }, /head_dim is 292.57/],
    [{ head_dim: 63 }, /head_dim is 63.*even/],
    [{ rms_norm_eps: -1 }, /rms_norm_eps is -1/],
    [{ rope_theta: null, rope_parameters: { rope_theta: "x" } }, /rope_theta is "x"/],
    [{ tie_word_embeddings: "yes" }, /tie_word_embeddings is "yes"/],
  ])("%j", (change, message) => {
    const json: unknown = JSON.parse(JSON.stringify({ ...tinyLlama, ...change }));
    expect(() => fromHuggingFace(json, "dir/config.json")).toThrow(UserError);
    expect(() => fromHuggingFace(json, "dir/config.json")).toThrow(message);
    expect(() => fromHuggingFace(json, "dir/config.json")).toThrow(/dir\/config.json/);
  });
  test.each([null, [], 3])("%j", (json) => expect(() => fromHuggingFace(json, "x")).toThrow(/not a JSON object/));
});
