/**
 * What a file format calls the tensors of a model. Keys are paths of the kit's parameter tree, `{}` is the layer's number.
 */
export type NameMap = {
  readonly whole: Readonly<Record<string, string>>;
  readonly layer: Readonly<Record<string, string>>;
  /** Names that carry nothing the model needs, such as tables of rotary angles. */
  readonly ignored: RegExp;
};

/** Hugging Face `LlamaForCausalLM` and `DiffLlamaForCausalLM`, and what the kit's own Python adds to them. */
export const huggingFaceNames: NameMap = {
  whole: { embed: "model.embed_tokens.weight", "norm.gain": "model.norm.weight", head: "lm_head.weight" },
  layer: {
    "mixerNorm.gain": "model.layers.{}.input_layernorm.weight",
    "mixerNorm.matrix": "model.layers.{}.input_layernorm.adapt.matrix.weight",
    "mixerNorm.down": "model.layers.{}.input_layernorm.adapt.down.weight",
    "mixerNorm.up": "model.layers.{}.input_layernorm.adapt.up.weight",
    "mixer.q": "model.layers.{}.self_attn.q_proj.weight",
    "mixer.k": "model.layers.{}.self_attn.k_proj.weight",
    "mixer.v": "model.layers.{}.self_attn.v_proj.weight",
    "mixer.o": "model.layers.{}.self_attn.o_proj.weight",
    "mixer.lambdaQ1": "model.layers.{}.self_attn.lambda_q1",
    "mixer.lambdaK1": "model.layers.{}.self_attn.lambda_k1",
    "mixer.lambdaQ2": "model.layers.{}.self_attn.lambda_q2",
    "mixer.lambdaK2": "model.layers.{}.self_attn.lambda_k2",
    "mixer.subNormGain": "model.layers.{}.self_attn.sub_norm.weight",
    "mixer.lambda": "model.layers.{}.self_attn.lambda_proj.weight",
    "mixer.lambdaBias": "model.layers.{}.self_attn.lambda_proj.bias",
    "tokenMixing.kernel": "model.layers.{}.token_mixing.kernel",
    "tokenMixing.bias": "model.layers.{}.token_mixing.bias",
    "mlpNorm.gain": "model.layers.{}.post_attention_layernorm.weight",
    "mlpNorm.matrix": "model.layers.{}.post_attention_layernorm.adapt.matrix.weight",
    "mlpNorm.down": "model.layers.{}.post_attention_layernorm.adapt.down.weight",
    "mlpNorm.up": "model.layers.{}.post_attention_layernorm.adapt.up.weight",
    "mlp.gate": "model.layers.{}.mlp.gate_proj.weight",
    "mlp.up": "model.layers.{}.mlp.up_proj.weight",
    "mlp.down": "model.layers.{}.mlp.down_proj.weight",
    "squeezeExcite.down": "model.layers.{}.squeeze_excite.down.weight",
    "squeezeExcite.downBias": "model.layers.{}.squeeze_excite.down.bias",
    "squeezeExcite.up": "model.layers.{}.squeeze_excite.up.weight",
    "squeezeExcite.upBias": "model.layers.{}.squeeze_excite.up.bias",
  },
  ignored: /(^|\.)rotary_emb\.inv_freq$/,
};

/** The kit's own folders, of any model: every tensor is named by its path. */
export const kintsugiNames: NameMap = {
  whole: { embed: "embed", "norm.gain": "norm.gain", head: "head" },
  layer: {},
  ignored: /(?!)/,
};

/** llama.cpp's GGUF, architecture `llama`. */
export const ggufNames: NameMap = {
  whole: { embed: "token_embd.weight", "norm.gain": "output_norm.weight", head: "output.weight" },
  layer: {
    "mixerNorm.gain": "blk.{}.attn_norm.weight",
    "mixer.q": "blk.{}.attn_q.weight",
    "mixer.k": "blk.{}.attn_k.weight",
    "mixer.v": "blk.{}.attn_v.weight",
    "mixer.o": "blk.{}.attn_output.weight",
    "mlpNorm.gain": "blk.{}.ffn_norm.weight",
    "mlp.gate": "blk.{}.ffn_gate.weight",
    "mlp.up": "blk.{}.ffn_up.weight",
    "mlp.down": "blk.{}.ffn_down.weight",
  },
  ignored: /^blk\.\d+\.attn_rot_embd$/,
};

/**
 * The stored name of a parameter.
 *
 * @param names the format's names
 * @param path a path of the parameter tree, such as `layers.3.mixer.q`
 * @returns the name, or `undefined` when the format has none for this parameter
 */
export function storedName(names: NameMap, path: string): string | undefined {
  const inLayer = /^layers\.(\d+)\.(.+)$/.exec(path);
  if (inLayer === null) return names.whole[path];
  return names.layer[inLayer[2]]?.replace("{}", inLayer[1]);
}
