import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ExecutionBackend, random } from "../../engine/index.js";
import { UserError } from "../../errors.js";
import { countParameters, flopsPerToken, init, llama, type ModelConfig } from "../../model/index.js";
import { projectRoot } from "../../source/index.js";
import { save } from "../../weights/index.js";
import { Contestant, withContestants } from "../harness/contestant.js";
import { interleave, speedup, spread } from "../harness/rounds.js";
import { gigabytes, say, shown, table } from "../harness/table.js";

/** What a contestant is told about the training it is to do. */
export type TrainingTask = {
  readonly backend: ExecutionBackend;
  /** Hugging Face folder of the initial weights. */
  readonly folder: string;
  /** Token ids, int32 `[steps, batch, time + 1]`. */
  readonly data: string;
  readonly batch: number;
  readonly time: number;
  readonly learningRate: number;
  readonly decay: number;
  readonly clip: number;
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

const [batch, time, comparedSteps, dataSteps] = [8, 256, 5, 16];

type Round = { readonly ms: number; readonly lossNats: number };

type Entry = { readonly contestant: Contestant; readonly backend: string; readonly ours: boolean };

/** What became of a contestant before the rounds began. */
type Warm = { readonly losses: readonly number[]; readonly firstMs: number };

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
  const entries = contestants(python);
  return withContestants(
    entries.map(({ contestant }) => contestant),
    async () => {
      const warm: Warm[] = [];
      for (const entry of entries) warm.push(await warmUp(entry, task));
      const times = await interleave(entries, rounds, async ({ contestant }) => {
        return (await contestant.ask<Round>("round", { step: 0 })).ms;
      });
      return report(entries, warm, times);
    },
  );
}

function contestants(python: string): Entry[] {
  const kit = (backend: ExecutionBackend): Entry => ({
    contestant: Contestant.kit(`kintsugi ${backend === "xla" ? "XLA" : backend}`, "engine/worker.js"),
    backend,
    ours: true,
  });
  const torch = (backend: string, name: string): Entry => ({
    contestant: Contestant.peer(name, python, "training.py"),
    backend,
    ours: false,
  });
  const entries = [kit("eager"), kit("graph"), kit("xla"), torch("eager", "PyTorch eager")];
  const compiler = ["g++", "clang++"].some((name) => spawnSync(name, ["--version"]).status === 0);
  if (compiler) return [...entries, torch("compile", "torch.compile")];
  say("torch.compile is left out: it needs a C++ compiler, and there is none");
  return entries;
}

/** Writes the initial weights and the data once, for everybody. */
async function prepare(): Promise<Omit<TrainingTask, "backend">> {
  const cache = join(projectRoot(), ".cache", "bench", "training");
  const folder = join(cache, "weights");
  mkdirSync(cache, { recursive: true });
  await save(init(config, 0), folder, { overwrite: true });
  const data = join(cache, "data.int32");
  if (!existsSync(data)) {
    const count = dataSteps * batch * (time + 1);
    const ids = Int32Array.from(random.uniformValues(random.key(1), count), (u) => Math.floor(u * config.vocab));
    writeFileSync(`${data}.tmp`, ids);
    renameSync(`${data}.tmp`, data);
  }
  return { folder, data, batch, time, learningRate: 1e-3, decay: 0.1, clip: 1 };
}

/** The first steps, alone: how long the first takes, and where the loss goes. */
async function warmUp({ contestant, backend }: Entry, task: Omit<TrainingTask, "backend">): Promise<Warm> {
  await contestant.ask("prepare", { ...task, backend });
  const losses: number[] = [];
  let firstMs = 0;
  for (let step = 0; step < comparedSteps; step++) {
    const { ms, lossNats } = await contestant.ask<Round>("round", { step });
    if (step === 0) firstMs = ms;
    losses.push(lossNats);
  }
  say(
    `  ${contestant.name}: first step ${(firstMs / 1000).toFixed(1)} s, losses ${losses.map((l) => l.toFixed(4)).join(" ")}`,
  );
  return { losses, firstMs };
}

async function report(entries: readonly Entry[], warm: readonly Warm[], times: readonly number[][]): Promise<string> {
  const peer = entries.findIndex((entry) => entry.contestant.name === "PyTorch eager");
  const rows: string[][] = [];
  for (const [i, { contestant }] of entries.entries()) {
    const { median } = spread(times[i]);
    const { peakBytes } = await contestant.ask<{ peakBytes: number }>("memory");
    rows.push([
      contestant.name,
      shown(spread(times[i])),
      ((batch * time) / (median / 1000)).toFixed(0),
      (warm[i].firstMs / 1000).toFixed(1),
      gigabytes(peakBytes),
      `${speedup(times[i], times[peer]).median.toFixed(2)} ×`,
    ]);
  }
  say();
  say(
    table(
      ["engine", "ms a step: median (min–max)", "tokens/s", "first step s", "peak memory", "to PyTorch eager"],
      rows,
    ),
  );
  sameLosses(entries, warm, peer);
  const ours = entries.flatMap((entry, i) => (entry.ours ? [i] : []));
  const best = ours.reduce((a, b) => (spread(times[b]).median < spread(times[a]).median ? b : a));
  const own = speedup(times[best], times[0]).median.toFixed(2);
  const ratio = speedup(times[best], times[peer]).median.toFixed(2);
  return `best of ours, ${entries[best].contestant.name}: ${own} × our own eager, ${ratio} × PyTorch eager`;
}

/** @throws UserError when a loss differs from PyTorch's in the fourth decimal: then the times compare different things. */
function sameLosses(entries: readonly Entry[], warm: readonly Warm[], peer: number): void {
  let worst = 0;
  for (const [i, { losses }] of warm.entries()) {
    for (const [step, loss] of losses.entries()) {
      const difference = Math.abs(loss - warm[peer].losses[step]);
      if (!(difference <= 5e-5)) {
        throw new UserError(`${entries[i].contestant.name}: loss ${loss} at step ${step + 1}`, {
          expected: `${warm[peer].losses[step]} as PyTorch's, to 4 decimals`,
        });
      }
      worst = Math.max(worst, difference);
    }
  }
  say(`losses of the first ${comparedSteps} steps agree with PyTorch's: largest difference ${worst.toExponential(1)}`);
}
