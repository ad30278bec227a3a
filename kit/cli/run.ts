import { Command } from "commander";
import * as lab from "../lab/index.js";
import type { StepRecord } from "../train/index.js";
import { number } from "./arguments.js";
import { stopped, stopSignal } from "./stopping.js";

type Options = {
  readonly json?: boolean;
  readonly records?: string;
  readonly checkpoints?: string;
  readonly models?: string;
  readonly checkpointSeconds: number;
};

/** `kintsugi run`: one run, as a process of its own that any scheduler can start again. */
export function runCommand(): Command {
  return new Command("run")
    .description("carry out one run of a study; started again, it goes on where it was")
    .argument("<spec>", "JSON file: { study, arm, seed, spec }")
    .option("--json", "one line of JSON for each step")
    .option("--records <folder>", "where the record goes; default results/runs")
    .option("--checkpoints <folder>", "where checkpoints are kept; default data/cache/runs")
    .option("--models <folder>", "keep the trained model there")
    .option("--checkpoint-seconds <s>", "time between checkpoints", number, 60)
    .action(async (file: string, { json = false, models, ...options }: Options) => {
      const run = lab.readRunFile(file);
      const ending = await lab.carryOut(run, {
        ...options,
        trained: models === undefined ? undefined : async (trained) => void (await lab.keepModel(run, models, trained)),
        report: json ? (step) => console.log(JSON.stringify(step)) : stepLine(run.spec),
        say: (message) => console.error(message),
        signal: stopSignal(),
      });
      if (ending === "interrupted") stopped();
      else if (!json) console.log(`${ending}: ${lab.recordPath(run, options.records)}`);
    });
}

/** A line now and then: fifty in a run, and what is left of it by the speed of the latest steps. */
export function stepLine(spec: lab.RunSpec): (step: StepRecord) => void {
  const speedAfter = lab.speedometer(spec);
  const steps = lab.stepsOf(spec);
  const { batchTokens, accumulate } = spec.training;
  return (line) => {
    const speed = speedAfter(line);
    const { step, lossNats, learningRate, tokens } = line;
    if (step !== 1 && step % Math.ceil(steps / 50) !== 0) return;
    const figures = [`${tokens} tokens`, `${lossNats.toFixed(4)} nats`, `rate ${learningRate.toPrecision(2)}`];
    if (speed !== undefined) {
      const msPerStep = (1000 * batchTokens * accumulate) / speed.tokensPerSecond;
      figures.push(`${msPerStep.toFixed(0)} ms a step`, ...lab.speedWords(speed));
    }
    console.log([`step ${step} of ${steps}`, ...figures].join("  "));
  };
}
