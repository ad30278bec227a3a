/** Small random models for mergekit and the kit to merge: three architectures, each model with a tokenizer. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { random } from "../../engine/index.js";
import type { PlainDType } from "../../engine/ref.js";
import { writeShards } from "../../weights/shards.js";

const [width, hidden, heads, kvHeads, vocab, tokens] = [32, 48, 4, 2, 64, 60];
const keys = (width / heads) * kvHeads;

type Shapes = Readonly<Record<string, readonly number[]>>;

type Architecture = {
  readonly config: Readonly<Record<string, unknown>>;
  readonly outside: Shapes;
  /** Of a layer, behind `prefix`, its number and a dot. */
  readonly layer: Shapes;
  readonly prefix: string;
};

const common = {
  hidden_size: width,
  intermediate_size: hidden,
  num_attention_heads: heads,
  vocab_size: vocab,
  max_position_embeddings: 128,
  bos_token_id: 1,
  eos_token_id: 2,
};

const llama: Architecture = {
  config: {
    ...common,
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    num_key_value_heads: kvHeads,
    rms_norm_eps: 1e-5,
    rope_theta: 10_000,
    hidden_act: "silu",
    tie_word_embeddings: false,
  },
  outside: {
    "model.embed_tokens.weight": [vocab, width],
    "model.norm.weight": [width],
    "lm_head.weight": [vocab, width],
  },
  prefix: "model.layers.",
  layer: {
    "input_layernorm.weight": [width],
    "self_attn.q_proj.weight": [width, width],
    "self_attn.k_proj.weight": [keys, width],
    "self_attn.v_proj.weight": [keys, width],
    "self_attn.o_proj.weight": [width, width],
    "post_attention_layernorm.weight": [width],
    "mlp.gate_proj.weight": [hidden, width],
    "mlp.up_proj.weight": [hidden, width],
    "mlp.down_proj.weight": [width, hidden],
  },
};

const tiedLlama: Architecture = {
  ...llama,
  config: { ...llama.config, tie_word_embeddings: true },
  outside: { "model.embed_tokens.weight": [vocab, width], "model.norm.weight": [width] },
};

const qwen2: Architecture = {
  ...llama,
  config: { ...llama.config, architectures: ["Qwen2ForCausalLM"], model_type: "qwen2" },
  layer: {
    ...llama.layer,
    "self_attn.q_proj.bias": [width],
    "self_attn.k_proj.bias": [keys],
    "self_attn.v_proj.bias": [keys],
  },
};

const neox: Architecture = {
  config: { ...common, architectures: ["GPTNeoXForCausalLM"], model_type: "gpt_neox", tie_word_embeddings: false },
  outside: {
    "gpt_neox.embed_in.weight": [vocab, width],
    "gpt_neox.final_layer_norm.weight": [width],
    "gpt_neox.final_layer_norm.bias": [width],
    "embed_out.weight": [vocab, width],
  },
  prefix: "gpt_neox.layers.",
  layer: {
    "input_layernorm.weight": [width],
    "input_layernorm.bias": [width],
    "post_attention_layernorm.weight": [width],
    "post_attention_layernorm.bias": [width],
    "attention.query_key_value.weight": [3 * width, width],
    "attention.query_key_value.bias": [3 * width],
    "attention.dense.weight": [width, width],
    "attention.dense.bias": [width],
    // Buffers that checkpoints of old hold, the first a mask of booleans.
    "attention.bias": [1, 1, 8, 8],
    "attention.masked_bias": [],
    "attention.rotary_emb.inv_freq": [2],
    "mlp.dense_h_to_4h.weight": [hidden, width],
    "mlp.dense_h_to_4h.bias": [hidden],
    "mlp.dense_4h_to_h.weight": [width, hidden],
    "mlp.dense_4h_to_h.bias": [width],
  },
};

type Spec = {
  readonly architecture: Architecture;
  readonly layers: number;
  readonly dtype: PlainDType;
};

/** The models by name. Those of one architecture fit together. */
export const models: Readonly<Record<string, Spec>> = {
  "llama-a": { architecture: llama, layers: 6, dtype: "BF16" },
  "llama-b": { architecture: llama, layers: 5, dtype: "BF16" },
  "llama-f32": { architecture: llama, layers: 4, dtype: "F32" },
  "llama-f16": { architecture: llama, layers: 4, dtype: "F16" },
  "llama-tied": { architecture: tiedLlama, layers: 4, dtype: "BF16" },
  qwen2: { architecture: qwen2, layers: 4, dtype: "BF16" },
  neox: { architecture: neox, layers: 5, dtype: "F16" },
};

const typeNames: Readonly<Partial<Record<PlainDType, string>>> = { BF16: "bfloat16", F16: "float16", F32: "float32" };

/** Writes all models as folders below `folder`; matrices in several files where they are float32. */
export async function writeModels(folder: string, seed: number): Promise<void> {
  for (const [name, { architecture, layers, dtype }] of Object.entries(models)) {
    const { config, outside, layer, prefix } = architecture;
    const shapes = Object.entries(outside);
    for (let i = 0; i < layers; i++) {
      for (const [part, shape] of Object.entries(layer)) shapes.push([`${prefix}${i}.${part}`, shape]);
    }
    const target = join(folder, name);
    await mkdir(target, { recursive: true });
    const tensors = shapes.map(([tensor, shape]) => {
      const count = shape.reduce((product, size) => product * size, 1);
      if (tensor.endsWith("attention.bias")) {
        return [tensor, { dtype: "BOOL", shape, values: new Uint8Array(count).fill(1) }] as const;
      }
      const values = random.normalValues(random.fold(random.key(seed), `${name} ${tensor}`), count);
      return [tensor, { dtype, shape, values }] as const;
    });
    await writeShards(tensors, target, { maxShardBytes: dtype === "F32" ? 50_000 : undefined });
    const json = { ...config, num_hidden_layers: layers, torch_dtype: typeNames[dtype] };
    await writeFile(join(target, "config.json"), JSON.stringify(json, null, 1));
    await writeTokenizer(target);
  }
}

/** A tokenizer with fewer tokens than the embedding has rows, as of a vocabulary that was padded. */
async function writeTokenizer(folder: string): Promise<void> {
  const ids = Object.fromEntries(Array.from({ length: tokens }, (_, id) => [id === 0 ? "<unk>" : `w${id}`, id]));
  const json = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: "Whitespace" },
    post_processor: null,
    decoder: null,
    model: { type: "WordLevel", vocab: ids, unk_token: "<unk>" },
  };
  await writeFile(join(folder, "tokenizer.json"), JSON.stringify(json));
  const config = { tokenizer_class: "PreTrainedTokenizerFast", unk_token: "<unk>", model_max_length: 128 };
  await writeFile(join(folder, "tokenizer_config.json"), JSON.stringify(config));
  await writeFile(join(folder, "generation_config.json"), '{"do_sample": true}');
}
