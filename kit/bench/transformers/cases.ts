/** Small models of every kind that the kit exports, none of them at the identity with which conversions begin. */
import * as engine from "../../engine/index.js";
import { differential, init, liquid, llama, type Model, type ModelConfig } from "../../model/index.js";

const sizes = { vocab: 64, width: 32, depth: 2, heads: 4, kvHeads: 2, hidden: 48, context: 64 } as const;
const base = llama({ ...sizes, tied: false });
const tied = llama({ ...sizes, tied: true });
const interleaved = llama({ ...sizes, tied: true, ropeLayout: "interleaved" });
const ema = { kind: "ema", decay: 0.8 } as const;

/** The models by what they are called. */
export const cases: Readonly<Record<string, ModelConfig>> = {
  Llama: base,
  "Llama, tied": tied,
  DiffLlama: differential(base, { version: 1, split: "halvedHeads", output: "plainSubNorm" }),
  "Liquid Metal": liquid(tied),
  "Liquid Metal, untied": liquid(base),
  "Liquid Metal, full rank, σ gates, decaying pools, biases": liquid(base, {
    rank: "full",
    pool: ema,
    gate: "sigmoid",
    bias: true,
    kernel: 4,
  }),
  "Liquid Metal, pools over the whole text": liquid(base, { pool: { kind: "sequence" } }),
  "token mixing alone, interleaved rows": liquid(interleaved, { parts: ["tokenMixing"] }),
  "differential V1, adjacent heads": differential(base, { version: 1, split: "adjacentHeads" }),
  "differential V1, halved heads, sub-norm": differential(tied, { version: 1, split: "halvedHeads" }),
  "differential V1, residual": differential(base, { version: 1, split: "halvedHeads", output: "residual" }),
  "differential V1, within heads": differential(base, { version: 1, split: "withinHead" }),
  "differential V1, within heads, interleaved rows": differential(interleaved, { version: 1, split: "withinHead" }),
  "differential V2": differential(base, { version: 2 }),
  "differential V2 with a bias, interleaved rows": differential(interleaved, { version: 2, lambdaBias: true }),
  "Liquid Metal, differential V1": liquid(differential(base, { version: 1, split: "adjacentHeads" })),
  "Liquid Metal, differential V2": liquid(differential(tied, { version: 2, lambdaBias: true })),
};

/** The model of a case: as it is drawn, and every parameter moved, also those that begin at zero. */
export function modelOf(config: ModelConfig, seed: number): Model<engine.Tensor> {
  const drawn = init(config, seed);
  const moved = engine.tree.map<engine.Tensor, engine.Tensor, Model<engine.Tensor>["params"]>(
    drawn.params,
    (leaf, path) => {
      const noise = engine.random.normalValues(engine.random.fold(engine.random.key(seed), path), leaf.size);
      return engine.add(leaf, engine.mul(engine.tensor(noise, leaf.shape), 0.2));
    },
  );
  return { config, params: moved as Model<engine.Tensor>["params"] };
}
