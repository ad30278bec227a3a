import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bytesOf } from "../chunks.js";
import { bf16FromF32Bits } from "../half.js";
import { safetensorsBytes } from "./safetensors.js";

/** A `config.json` of two layers: width 8, four query heads and two key heads of width 2, MLP 12, vocabulary 11. */
export const smallConfig: Readonly<Record<string, unknown>> = {
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 32,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  tie_word_embeddings: false,
  vocab_size: 11,
  hidden_act: "silu",
  torch_dtype: "bfloat16",
  bos_token_id: 1,
};

/** Names and shapes of its tensors, in Hugging Face's words; of as many layers as asked for. */
export function smallShapes(layers = 2): Map<string, number[]> {
  const shapes = new Map<string, number[]>([["model.embed_tokens.weight", [11, 8]]]);
  for (let layer = 0; layer < layers; layer++) {
    const at = (name: string, ...shape: number[]): unknown => shapes.set(`model.layers.${layer}.${name}.weight`, shape);
    at("input_layernorm", 8);
    at("self_attn.q_proj", 8, 8);
    at("self_attn.k_proj", 4, 8);
    at("self_attn.v_proj", 4, 8);
    at("self_attn.o_proj", 8, 8);
    at("post_attention_layernorm", 8);
    at("mlp.gate_proj", 12, 8);
    at("mlp.up_proj", 12, 8);
    at("mlp.down_proj", 8, 12);
  }
  return shapes.set("model.norm.weight", [8]).set("lm_head.weight", [11, 8]);
}

/** Bytes of a bfloat16 safetensors file with tensors of these shapes; values differ from place to place. */
export function smallWeights(shapes: ReadonlyMap<string, number[]> = smallShapes()): Uint8Array {
  let end = 0;
  const lines: string[] = [];
  const data: Uint8Array[] = [];
  for (const [name, shape] of shapes) {
    const count = shape.reduce((a, b) => a * b, 1);
    const bits = new Uint32Array(Float32Array.from({ length: count }, (_, i) => Math.sin(i + end)).buffer);
    data.push(bytesOf(Uint16Array.from(bits, bf16FromF32Bits)));
    const offsets = [end, (end += 2 * count)];
    lines.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype: "BF16", shape, data_offsets: offsets })}`);
  }
  return safetensorsBytes(`{${lines.join(",")}}`, Buffer.concat(data));
}

/** Writes that checkpoint as a Hugging Face folder. */
export function writeSmall(
  folder: string,
  config: Readonly<Record<string, unknown>> = smallConfig,
  shapes: ReadonlyMap<string, number[]> = smallShapes(),
): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  writeFileSync(join(folder, "model.safetensors"), smallWeights(shapes));
  return folder;
}
