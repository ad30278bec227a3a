import { existsSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { random, tree } from "../../engine/index.js";
import { UserError } from "../../errors.js";
import { type Shape, shapes } from "../../model/index.js";
import { projectRoot } from "../../source/index.js";
import {
  type ConfigJson,
  fromHuggingFace,
  huggingFaceNames,
  storedName,
  type TensorValues,
  writeSafetensors,
} from "../../weights/index.js";
import { say } from "../harness/table.js";

/** The `config.json` of TinyLlama-1.1B-Chat-v1.0, without what says nothing about the model. */
const publishedConfig: ConfigJson = {
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
  rope_theta: 10_000,
  tie_word_embeddings: false,
  torch_dtype: "bfloat16",
  use_cache: true,
  vocab_size: 32_000,
};

type Size = { readonly config: ConfigJson; readonly text: string };

/** Sizes by name: TinyLlama's own, and one with as many layers that a bench is tried with. */
const sizes: Readonly<Record<string, Size>> = {
  tinyLlama: { config: publishedConfig, text: "2.2 GB" },
  narrow: {
    config: {
      ...publishedConfig,
      hidden_size: 512,
      intermediate_size: 1408,
      num_attention_heads: 8,
      num_key_value_heads: 1,
      vocab_size: 8000,
    },
    text: "0.14 GB",
  },
};

const seed = 11;

/**
 * The folder of a random checkpoint of TinyLlama's shape, written into `.cache/bench` by whoever needs it first.
 *
 * @param size a name of {@link sizes}
 * @throws UserError for another name
 */
export async function randomCheckpoint(size = "tinyLlama"): Promise<string> {
  if (!Object.hasOwn(sizes, size))
    throw new UserError(`There is no preset ${size}`, { expected: Object.keys(sizes).join(" or ") });
  const { config, text } = sizes[size];
  const folder = join(projectRoot(), ".cache", "bench", `${size.toLowerCase()}-random-${seed}`);
  if (existsSync(join(folder, "config.json"))) return folder;
  say(`  writing a random checkpoint of TinyLlama's shape into .cache/bench (${text})`);
  await writeRandomCheckpoint(folder, config);
  return folder;
}

/**
 * Writes a random checkpoint the way TinyLlama's is published: names, shapes, bfloat16, one file.
 *
 * Matrices are uniform with the deviation 0.02 of TinyLlama's own initialisation, gains lie around 1, so that a gain that
 * is left out shows. Memory: one tensor at a time.
 */
async function writeRandomCheckpoint(folder: string, config: ConfigJson): Promise<void> {
  const draft = `${folder}.tmp`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  const model = fromHuggingFace(config, folder);
  const tensors = tree.entries<Shape>(shapes(model)).map(([path, { shape }]): [string, TensorValues] => {
    const values = (): Float32Array => draw(random.fold(random.key(seed), path), shape, path.endsWith(".gain"));
    return [storedName(huggingFaceNames, path)!, { dtype: "BF16", shape, values }];
  });
  await writeSafetensors(join(draft, "model.safetensors"), tensors);
  await writeFile(join(draft, "config.json"), `${JSON.stringify(config, null, 2)}\n`);
  await rm(folder, { recursive: true, force: true });
  await rename(draft, folder);
}

/** Largest block of numbers drawn; a longer tensor repeats it, shifted, which is random enough to compare two programs. */
const blockSize = 2 ** 22;

function draw(key: random.Key, shape: readonly number[], gain: boolean): Float32Array {
  const count = shape.reduce((product, axis) => product * axis, 1);
  const block = random.uniformValues(key, Math.min(count, blockSize));
  const [middle, width] = gain ? [1, 0.2] : [0, 0.02 * Math.sqrt(12)];
  for (const [i, u] of block.entries()) block[i] = middle + (u - 0.5) * width;
  if (count <= blockSize) return block;
  const values = new Float32Array(count);
  for (let start = 0, turn = 0; start < count; start += blockSize, turn++) {
    // A shift that is no multiple of a row: no two rows are equal.
    const shift = (turn * 1_000_003) % blockSize;
    const rest = values.subarray(start, Math.min(count, start + blockSize));
    rest.set(block.subarray(shift, Math.min(blockSize, shift + rest.length)));
    if (rest.length > blockSize - shift)
      rest.set(block.subarray(0, rest.length - (blockSize - shift)), blockSize - shift);
  }
  return values;
}
