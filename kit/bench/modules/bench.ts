import { join } from "node:path";
import { type BenchFigure, writeBench } from "../../lab/index.js";
import { countParameters, flopsPerToken } from "../../model/index.js";
import { projectRoot } from "../../source/index.js";
import { liquidModules } from "../../studies/healing.js";
import { timesThatWithout } from "../../studies/words.js";
import { Contestant, withContestants } from "../harness/contestant.js";
import { busyNote, machineFacts } from "../harness/machine.js";
import { interleave, medianInterval, type Spread, spread } from "../harness/rounds.js";
import { say, shown, table } from "../harness/table.js";
import { writeBatches } from "../harness/training.js";
import type { BenchOptions } from "../main.js";

/** Steps of a turn, of which the median counts: those of so small a model differ by a tenth. */
const count = 10;

/**
 * `bench -- modules`: a training step of TinyStories-656K with Liquid Metal's modules, as the study liquid-parts has them. The
 * study's own runs stood beside others.
 */
export async function benchModules({ rounds = 21, record }: BenchOptions): Promise<void> {
  const { arms, baseline } = liquidModules;
  const names = Object.keys(arms);
  const { model: without, training } = arms[baseline].spec;
  const [time] = training.stages.map(({ length }) => length);
  const batch = training.batchTokens / time;
  say(machineFacts());
  say(
    `${rounds} interleaved rounds, ${count} steps of ${batch} × ${time} tokens each, XLA. ${busyNote() ?? ""}`.trim(),
  );
  const data = join(projectRoot(), ".cache", "bench", "modules", "data.int32");
  writeBatches(data, batch, time, (uniform) => Math.floor(uniform * without.vocab));
  const task = { data, batch, time, learningRate: 1e-3, decay: 0.1, clip: 1 };
  const contestants = names.map((name) => Contestant.kit(name, "modules/worker.js"));
  const times = await withContestants(contestants, async () => {
    const once = async (one: Contestant): Promise<number> => (await one.ask<{ ms: number }>("steps", { count })).ms;
    for (const one of contestants) {
      await one.ask("prepare", { ...task, arm: one.name });
      await once(one);
    }
    return await interleave(contestants, rounds, once);
  });
  // The two of a round are neighbours: what slows the machine for a while slows both.
  const base = times[names.indexOf(baseline)];
  const ratios = times.map((own) => medianInterval(own.map((ms, round) => ms / base[round])));
  const rows = names.map((name, i) => {
    const { model } = arms[name].spec;
    return [
      arms[name].label ?? name,
      countParameters(model).toLocaleString("en"),
      flopsPerToken(model, time / 2).toLocaleString("en"),
      shown(spread(times[i]), 1),
      shown(ratios[i], 3),
    ];
  });
  say();
  say(
    table(["modules", "parameters", "FLOPs a token", "ms a step: median (min–max)", "times that without (95 %)"], rows),
  );
  const figure = (model: string, measure: string, { median, min, max }: Spread): BenchFigure => {
    return { model, measure, at: training.batchTokens, median, min, max };
  };
  const figures = names.flatMap((name, i) => [
    figure(name, "ms a step", spread(times[i])),
    figure(name, timesThatWithout, ratios[i]),
  ]);
  if (record === true) say(await writeBench({ bench: "modules", machine: machineFacts(), rounds, figures }));
}
