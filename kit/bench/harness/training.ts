/** Training steps side by side: the same weights and batches for everybody, first steps compared, then rounds in turn. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { random } from "../../engine/index.js";
import { UserError } from "../../errors.js";
import type { Contestant } from "./contestant.js";
import { interleave, speedup, spread } from "./rounds.js";
import { gigabytes, say, shown, table } from "./table.js";

/** How batches are made and updates done; the same for all. */
export type TrainingTask = {
  /** Token ids, int32 `[steps, batch, time + 1]`. */
  readonly data: string;
  readonly batch: number;
  readonly time: number;
  readonly learningRate: number;
  readonly decay: number;
  readonly clip: number;
};

/** One of those that train. Its worker answers `prepare` and `round`. */
export type Trainer = {
  readonly contestant: Contestant;
  /** What `prepare` is told beside the task. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly ours: boolean;
  /** Largest difference of a loss from the yardstick's, in nats. */
  readonly tolerance: number;
};

/** What became of a trainer. */
export type Trained = Trainer & {
  /** Of the first steps, before the rounds. */
  readonly losses: readonly number[];
  /** Until the second step could begin. */
  readonly firstMs: number;
  /** Of each round. */
  readonly times: readonly number[];
  readonly peakBytes: number;
};

type Round = { readonly ms: number; readonly lossNats: number };

const [comparedSteps, dataSteps] = [5, 16];

/**
 * Writes token ids once; a file that is there is kept.
 *
 * @param draw From a number in [0, 1) to an id.
 */
export function writeBatches(file: string, batch: number, time: number, draw: (uniform: number) => number): void {
  if (existsSync(file)) return;
  mkdirSync(dirname(file), { recursive: true });
  const ids = Int32Array.from(random.uniformValues(random.key(1), dataSteps * batch * (time + 1)), draw);
  writeFileSync(`${file}.tmp`, ids);
  renameSync(`${file}.tmp`, file);
}

/** Whether torch.compile can be compared with; says so when not. */
export function canCompile(): boolean {
  const found = ["g++", "clang++"].some((name) => spawnSync(name, ["--version"]).status === 0);
  if (!found) say("torch.compile is left out: it needs a C++ compiler, and there is none");
  return found;
}

/** Trains all: a few first steps one trainer after another, then `rounds` steps in turn. */
export async function compete(
  trainers: readonly Trainer[],
  task: Readonly<Record<string, unknown>>,
  rounds: number,
): Promise<Trained[]> {
  const warm: Pick<Trained, "losses" | "firstMs">[] = [];
  for (const trainer of trainers) warm.push(await firstSteps(trainer, task));
  const step = trainers.map(() => comparedSteps);
  const times = await interleave(
    trainers.map((trainer, i) => ({ trainer, i })),
    rounds,
    async ({ trainer, i }) => (await trainer.contestant.ask<Round>("round", { step: step[i]++ })).ms,
  );
  const trained: Trained[] = [];
  for (const [i, trainer] of trainers.entries()) {
    const { peakBytes } = await trainer.contestant.ask<{ peakBytes: number }>("memory");
    trained.push({ ...trainer, ...warm[i], times: times[i], peakBytes });
  }
  return trained;
}

async function firstSteps(
  { contestant, settings }: Trainer,
  task: Readonly<Record<string, unknown>>,
): Promise<Pick<Trained, "losses" | "firstMs">> {
  await contestant.ask("prepare", { ...task, ...settings });
  const losses: number[] = [];
  let firstMs = 0;
  for (let step = 0; step < comparedSteps; step++) {
    const { ms, lossNats } = await contestant.ask<Round>("round", { step });
    if (step === 0) firstMs = ms;
    losses.push(lossNats);
  }
  const shownLosses = losses.map((loss) => loss.toFixed(4)).join(" ");
  say(`  ${contestant.name}: second step after ${(firstMs / 1000).toFixed(1)} s, losses ${shownLosses}`);
  return { losses, firstMs };
}

/** Prints how long a step took each of them, beside the yardstick. */
export function showTraining(trained: readonly Trained[], yardstick: Trained, tokens: number): void {
  const rows = trained.map((one) => [
    one.contestant.name,
    shown(spread(one.times)),
    ((tokens * 1000) / spread(one.times).median).toFixed(0),
    (one.firstMs / 1000).toFixed(1),
    gigabytes(one.peakBytes),
    ratio(one, yardstick),
  ]);
  const header = ["engine", "ms a step: median (min–max)", "tokens/s", "to 2nd step s", "peak memory"];
  say();
  say(table([...header, `to ${yardstick.contestant.name}`], rows));
}

/** How many times faster one is than another, in the middle of neighbouring rounds. */
export function ratio(one: Trained, other: Trained): string {
  return `${speedup(one.times, other.times).median.toFixed(2)} ×`;
}

/** The one with the shortest median step. */
export function fastest(trained: readonly Trained[]): Trained {
  return trained.reduce((a, b) => (spread(b.times).median < spread(a.times).median ? b : a));
}

/**
 * Prints how far the losses of the first steps lie from the yardstick's.
 *
 * @throws UserError when one lies further than its tolerance: then the times compare different things.
 */
export function sameLosses(trained: readonly Trained[], yardstick: Trained): void {
  const worst = trained.map(({ contestant, losses, tolerance }) => {
    const differences = losses.map((loss, step) => Math.abs(loss - yardstick.losses[step]));
    const at = differences.findIndex((difference) => !(difference <= tolerance));
    if (at < 0) return { name: contestant.name, difference: Math.max(...differences) };
    throw new UserError(`${contestant.name}: loss ${losses[at]} at step ${at + 1}`, {
      expected: `${yardstick.losses[at]} as ${yardstick.contestant.name}'s, to ${tolerance}`,
    });
  });
  const others = worst.filter(({ name }) => name !== yardstick.contestant.name);
  say(`losses of the first ${comparedSteps} steps, largest difference from ${yardstick.contestant.name}'s:`);
  say(`  ${others.map(({ name, difference }) => `${name} ${difference.toExponential(1)}`).join(" · ")}`);
}
