import { UserError } from "../../errors.js";
import { type BenchFigure, writeBench } from "../../lab/index.js";
import { countParameters } from "../../model/index.js";
import { Contestant, withContestants } from "../harness/contestant.js";
import { busyNote, machineFacts } from "../harness/machine.js";
import { interleave, type Spread, spread } from "../harness/rounds.js";
import { gigabytes, say, shown, table } from "../harness/table.js";
import { type ModelName, models } from "./models.js";

const positions = [10, 100, 1000, 10_000];
/** As many as a decoder collects before it settles them: every measurement holds one such turn. */
const tokens = 32;
const lengths = [128, 256, 512, 1024, 2048, 4096, 8192];

const parts = ["tokens", "prompt"];

/** `bench -- decode`: what a token and a prompt cost by position, for mixers of constant state and for attention. */
export async function benchDecode({
  rounds = 7,
  only,
  record,
}: {
  rounds?: number;
  only?: string;
  record?: boolean;
}): Promise<void> {
  if (only !== undefined && !parts.includes(only)) {
    throw new UserError(`bench decode has no part "${only}"`, { expected: parts.join(", ") });
  }
  say(machineFacts());
  say(`${rounds} interleaved rounds. ${busyNote() ?? ""}`.trim());
  for (const [name, config] of Object.entries(models)) {
    say(`  ${name}: ${countParameters(config).toLocaleString("en")} parameters, ternary, rounded once`);
  }
  if (record === true && only !== undefined) {
    throw new UserError("a record holds both parts", { fix: "Leave --only or --record out" });
  }
  const figures = [
    ...(only === "tokens" ? [] : await benchPrompt(rounds)),
    ...(only === "prompt" ? [] : await benchTokens(rounds)),
  ];
  if (record === true) say(await writeBench({ bench: "decode", machine: machineFacts(), rounds, figures }));
}

/** A row of a record. */
function figure(model: string, measure: string, at: number, { median, min, max }: Omit<Spread, "count">): BenchFigure {
  return { model, measure, at, median, min, max };
}

/** A figure that is the same every time. */
function exactly(value: number): Omit<Spread, "count"> {
  return { median: value, min: value, max: value };
}

async function withModels<T>(names: readonly ModelName[], use: (all: readonly Contestant[]) => Promise<T>): Promise<T> {
  const all = names.map((name) => Contestant.kit(name, "decode/worker.js"));
  return await withContestants(all, async () => {
    for (const contestant of all) await contestant.ask("prepare", { name: contestant.name });
    return await use(all);
  });
}

/** Time of a token and bytes of the state at several positions; at last how much slower the last is than the first. */
async function benchTokens(rounds: number): Promise<readonly BenchFigure[]> {
  const names: readonly ModelName[] = ["Gated DeltaNet", "gated convolution", "attention"];
  return await withModels(names, async (all) => {
    const rows: string[][] = [];
    const figures: BenchFigure[] = [];
    const ofDeltaNet: Spread[] = [];
    for (const position of positions) {
      type Reply = { readonly ms: number; readonly bytes: number };
      const once = (c: Contestant): Promise<Reply> => c.ask<Reply>("decode", { position, count: tokens });
      // The first goes there and compiles what is new on the way.
      const states: Reply[] = [];
      for (const contestant of all) states.push(await once(contestant));
      const times = (await interleave(all, rounds, async (c) => (await once(c)).ms)).map(spread);
      ofDeltaNet.push(times[0]);
      figures.push(
        ...names.flatMap((name, i) => [
          figure(name, "ms a token", position, times[i]),
          figure(name, "bytes of state", position, exactly(states[i].bytes)),
        ]),
      );
      rows.push([
        position.toLocaleString("en"),
        ...times.map((time) => shown(time, 2)),
        ...states.map(({ bytes }) => bytes.toLocaleString("en")),
      ]);
    }
    say(
      `\nms a token, mean of ${tokens} tokens from a position on, XLA: median (min–max); bytes of the state behind them`,
    );
    say(table(["position", ...names, ...names.map((name) => `${name}, bytes`)], rows));
    const [first, last] = [ofDeltaNet[0].median, ofDeltaNet[ofDeltaNet.length - 1].median];
    say(`Gated DeltaNet, ms(10,000) / ms(10): ${(last / first).toFixed(2)}`);
    return figures;
  });
}

/** Time of a prompt by its length; at last from which one on Gated DeltaNet is faster than attention. */
async function benchPrompt(rounds: number): Promise<readonly BenchFigure[]> {
  const names: readonly ModelName[] = ["Gated DeltaNet", "attention"];
  return await withModels(names, async (all) => {
    const rows: string[][] = [];
    const figures: BenchFigure[] = [];
    const medians: number[][] = [];
    for (const length of lengths) {
      const once = async (c: Contestant): Promise<number> => (await c.ask<{ ms: number }>("prompt", { length })).ms;
      const compiling: number[] = [];
      for (const contestant of all) compiling.push(await once(contestant));
      const times = (await interleave(all, rounds, once)).map(spread);
      medians.push(times.map(({ median }) => median));
      figures.push(...names.map((name, i) => figure(name, "ms a prompt", length, times[i])));
      rows.push([
        length.toLocaleString("en"),
        ...times.map((time) => shown(time, 1)),
        ...times.map(({ median }) => ((1000 * median) / length).toFixed(1)),
        `${(times[1].median / times[0].median).toFixed(2)} ×`,
        compiling.map((ms) => (ms / 1000).toFixed(1)).join(" | "),
      ]);
    }
    say("\nms a prompt, to the scores of its next token, XLA: median (min–max); µs a token of it");
    const heads = [...names.map((name) => `${name}, ms`), ...names.map((name) => `${name}, µs a token`)];
    say(table(["tokens", ...heads, "attention : Gated DeltaNet", "first call s"], rows));
    const peaks = await Promise.all(all.map((c) => c.ask<{ peakBytes: number }>("memory")));
    say(`peak memory: ${peaks.map(({ peakBytes }, i) => `${names[i]} ${gigabytes(peakBytes)}`).join(", ")}`);
    say(crossover(medians));
    return figures;
  });
}

/** The first length from which on the first of two is faster, in words. */
function crossover(medians: readonly (readonly number[])[]): string {
  const slower = medians.findLastIndex(([deltaNet, attention]) => deltaNet >= attention);
  if (slower === lengths.length - 1) return `attention reads prompts of up to ${lengths[slower]} tokens faster`;
  if (slower < 0) return `Gated DeltaNet reads prompts of ${lengths[0]} tokens and more faster than attention`;
  return `crossover: Gated DeltaNet reads prompts faster than attention from between ${lengths[slower]} and ${lengths[slower + 1]} tokens on`;
}
