import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { countParameters, flopsPerToken, init, llama, type ModelConfig } from "../../model/index.js";
import { projectRoot } from "../../source/index.js";
import { save } from "../../weights/index.js";
import { Contestant, withContestants } from "../harness/contestant.js";
import type { KitSettings } from "../harness/kitTrainer.js";
import { say } from "../harness/table.js";
import {
  canCompile,
  compete,
  fastest,
  ratio,
  sameLosses,
  showTraining,
  type Trained,
  type Trainer,
  type TrainingTask,
  writeBatches,
} from "../harness/training.js";

/** What the kit's worker is told. */
export type LlamaTask = TrainingTask &
  KitSettings & {
    /** Hugging Face folder of the initial weights. */
    readonly folder: string;
  };

/** 5,068,992 parameters: TinyLlama's proportions, small. */
const config: ModelConfig = llama({
  vocab: 10_000,
  width: 192,
  depth: 8,
  heads: 6,
  kvHeads: 2,
  hidden: 512,
  context: 256,
  tied: true,
});

const [batch, time] = [8, 256];

/**
 * A full training step of a small Llama: the kit's three backends and PyTorch's two.
 *
 * @returns the ratio of our best to PyTorch eager, as the last line of the bench
 */
export async function benchTraining(python: string, rounds: number): Promise<string> {
  const task = await prepare();
  const flops = 3 * flopsPerToken(config, (time + 1) / 2) * batch * time;
  say(
    `\nTraining step: Llama of ${countParameters(config).toLocaleString("en")} parameters, ${batch} × ${time} tokens,`,
  );
  say(
    `float32, forward, backward, clip to norm 1, AdamW; ${(flops / 1e9).toFixed(0)} GFLOP. Each in a process of its own.`,
  );
  const trainers = contestants(python);
  return withContestants(
    trainers.map(({ contestant }) => contestant),
    async () => report(await compete(trainers, task, rounds)),
  );
}

const yardstick = "PyTorch eager";

function contestants(python: string): Trainer[] {
  // To four decimals.
  const common = { tolerance: 5e-5 };
  const kit = (backend: KitSettings["backend"]): Trainer => ({
    contestant: Contestant.kit(`kintsugi ${backend === "xla" ? "XLA" : backend}`, "engine/worker.js"),
    settings: { backend },
    ours: true,
    ...common,
  });
  const torch = (backend: string, name: string): Trainer => ({
    contestant: Contestant.peer(name, python, "training.py"),
    settings: { backend },
    ours: false,
    ...common,
  });
  const trainers = [kit("eager"), kit("graph"), kit("xla"), torch("eager", yardstick)];
  return canCompile() ? [...trainers, torch("compile", "torch.compile")] : trainers;
}

/** Writes the initial weights and the data once, for everybody. */
async function prepare(): Promise<Omit<LlamaTask, "backend">> {
  const cache = join(projectRoot(), ".cache", "bench", "training");
  const [folder, data] = [join(cache, "weights"), join(cache, "data.int32")];
  mkdirSync(cache, { recursive: true });
  await save(init(config, 0), folder, { overwrite: true });
  writeBatches(data, batch, time, (u) => Math.floor(u * config.vocab));
  return { folder, data, batch, time, learningRate: 1e-3, decay: 0.1, clip: 1 };
}

function report(trained: readonly Trained[]): string {
  const peer = trained.find(({ contestant }) => contestant.name === yardstick)!;
  showTraining(trained, peer, batch * time);
  sameLosses(trained, peer);
  const best = fastest(trained.filter(({ ours }) => ours));
  return `best of ours, ${best.contestant.name}: ${ratio(best, trained[0])} our own eager, ${ratio(best, peer)} PyTorch eager`;
}
