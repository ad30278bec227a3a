/** Configurations for mergekit and the kit: some that cover its features, and random ones. */
import { join } from "node:path";
import { stringify } from "yaml";
import { random } from "../../engine/index.js";
import { models } from "./models.js";

/** A configuration as YAML, and the shard size it is merged with. */
export type Configuration = { readonly name: string; readonly text: string; readonly shardBytes?: number };

type Json = Readonly<Record<string, unknown>>;

/** @param folder holds the models; mergekit asks the hub about relative paths */
export function configurations(folder: string, seed: number, randomOnes: number): readonly Configuration[] {
  const at = (name: string): string => join(folder, name);
  const source = (name: string, from: number, to: number, more: Json = {}): Json => ({
    sources: [{ model: at(name), layer_range: [from, to] }],
    ...more,
  });
  const a = (from: number, to: number, more: Json = {}): Json => source("llama-a", from, to, more);
  const tied = (from: number, to: number, more: Json = {}): Json => source("llama-tied", from, to, more);
  const scale = (...rules: readonly Json[]): Json => ({ parameters: { scale: rules } });
  const residual = (value: unknown): Json => scale({ filter: "o_proj", value }, { filter: "down_proj", value });
  const passthrough = (more: Json): string => stringify({ merge_method: "passthrough", ...more });
  const fixed: Readonly<Record<string, Json>> = {
    "scaled by depth": { slices: [a(0, 2), a(1, 4, residual(1.5)), a(3, 6, residual(4))], dtype: "bfloat16" },
    "a factor everywhere": {
      slices: [a(0, 2), a(2, 6, { parameters: { scale: 0.3333 } })],
      parameters: { scale: 1.1 },
    },
    gradients: {
      slices: [a(0, 5, residual([0.5, 1, 0.25])), a(2, 3, residual([0.5, 0.75])), a(1, 4, scale({ value: [2, 0] }))],
      dtype: "float32",
      out_dtype: "bfloat16",
    },
    "numbers as texts": { slices: [a(0, 6, { parameters: { scale: { filter: "q_proj", value: "7.071e-1" } } })] },
    "layer numbers of the source": { slices: [a(3, 6), a(2, 4)], ...scale({ filter: "layers.3.", value: 0.5 }) },
    "two models and a base": {
      base_model: at("llama-b"),
      slices: [a(0, 4), source("llama-b", 2, 5, residual(0.5)), a(5, 6)],
      dtype: "float16",
    },
    "a tokenizer with fewer tokens": {
      base_model: at("llama-a"),
      tokenizer_source: "base",
      slices: [a(0, 4), a(2, 6)],
    },
    "the tokenizer of a model": {
      base_model: at("llama-a"),
      tokenizer_source: at("llama-b"),
      slices: [a(0, 4, { parameters: { scale: 0.5 } }), source("llama-b", 2, 5)],
      dtype: "bfloat16",
    },
    "a list of models": { models: [{ model: at("llama-f32"), parameters: { scale: 0.7 } }], out_dtype: "float16" },
    modules: { modules: { default: { slices: [a(0, 3), a(0, 3)], ...scale({ filter: "mlp", value: 0.9 }) } } },
    "a tied embedding": { slices: [tied(0, 3, { parameters: { scale: 2 } }), tied(1, 4)], dtype: "bfloat16" },
    // Its config lists a type for each layer, and mergekit fails where their number changes.
    "qwen2, with biases": {
      slices: [
        source("qwen2", 0, 3, { parameters: { scale: 2 } }),
        source("qwen2", 1, 2, scale({ filter: "bias", value: 0 })),
      ],
    },
    "neox, its head behind, with masks": {
      slices: [
        source("neox", 0, 3, { parameters: { scale: 2 } }),
        source("neox", 1, 5, { parameters: { scale: 0.5 } }),
      ],
    },
  };
  return [
    ...Object.entries(fixed).map(([name, config]) => ({ name, text: passthrough(config) })),
    { name: "shards", text: passthrough({ slices: [a(0, 4), a(2, 6)], dtype: "bfloat16" }), shardBytes: 30_000 },
    ...Array.from({ length: randomOnes }, (_, i) => ({
      name: `random ${i}`,
      text: passthrough(randomConfiguration(at, new Draw(seed, `configuration ${i}`))),
    })),
  ];
}

/** A stream of draws. A class, because it moves on. */
class Draw {
  private count = 0;
  private readonly key: random.Key;

  constructor(seed: number, label: string) {
    this.key = random.fold(random.key(seed), label);
  }

  /** A whole number from `low` up to but not including `high`. */
  whole(low: number, high: number): number {
    return low + Math.floor(random.uniformAt(this.key, this.count++) * (high - low));
  }

  chance(share: number): boolean {
    return random.uniformAt(this.key, this.count++) < share;
  }

  of<T>(items: readonly T[]): T {
    return items[this.whole(0, items.length)];
  }
}

function randomConfiguration(at: (name: string) => string, draw: Draw): Json {
  const group = draw.of([["llama-a", "llama-b"], ["llama-f32"], ["llama-f16"], ["llama-tied"]]);
  const types = ["float32", "float16", "bfloat16"];
  return {
    slices: Array.from({ length: draw.whole(1, 5) }, () => {
      const name = draw.of(group);
      const from = draw.whole(0, models[name].layers);
      const to = draw.whole(from + 1, models[name].layers + 1);
      const source = { model: at(name), layer_range: [from, to], ...randomParameters(draw, from, to) };
      return { sources: [source], ...randomParameters(draw, from, to) };
    }),
    ...randomParameters(draw, undefined, undefined),
    ...(draw.chance(0.5) ? { dtype: draw.of(types) } : {}),
    ...(draw.chance(0.3) ? { out_dtype: draw.of(types) } : {}),
    ...(draw.chance(0.5) ? { base_model: at(draw.of(group)) } : {}),
  };
}

function randomParameters(draw: Draw, from: number | undefined, to: number | undefined): Json {
  if (draw.chance(0.5)) return {};
  const value = (): unknown => {
    const one = (): number => draw.whole(-500, 4000) / 1000;
    return draw.chance(0.6) ? one() : Array.from({ length: draw.whole(1, 5) }, one);
  };
  const filters = ["o_proj", "down_proj", "self_attn", "mlp", "layernorm", "proj", "*"];
  const own = from === undefined || to === undefined ? [] : [`layers.${draw.whole(from, to)}.`];
  const rule = (): Json => ({ filter: draw.of([...filters, ...own]), value: value() });
  if (draw.chance(0.2)) return { parameters: { scale: value() } };
  if (draw.chance(0.2)) return { parameters: { scale: rule() } };
  const rules = Array.from({ length: draw.whole(1, 4) }, rule);
  return { parameters: { scale: draw.chance(0.3) ? [...rules, { value: value() }] : rules } };
}
