import { Command } from "commander";
import * as lab from "../lab/index.js";
import { formatNumber, formatSeconds } from "../numbers.js";
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
        report: json ? (step) => console.log(JSON.stringify(step)) : stepLine(lab.stepsOf(run.spec)),
        say: (message) => console.error(message),
        signal: stopSignal(),
      });
      if (ending === "interrupted") stopped();
      else if (!json) console.log(`${ending}: ${lab.recordPath(run, options.records)}`);
    });
}

/** A line now and then: fifty in a run, and what is left of it by the speed of the latest steps. */
export function stepLine(steps: number): (step: StepRecord) => void {
  let msPerStep: number | undefined;
  return ({ step, lossNats, learningRate, stepMs, tokens }) => {
    // The first step has the compilation in it.
    if (step > 1) msPerStep = msPerStep === undefined ? stepMs : 0.9 * msPerStep + 0.1 * stepMs;
    if (step !== 1 && step % Math.ceil(steps / 50) !== 0) return;
    const speed =
      msPerStep === undefined
        ? []
        : [
            `${msPerStep.toFixed(0)} ms a step`,
            `${formatNumber(Math.round((1000 * tokens) / step / msPerStep))} tokens/s`,
            `${left(steps - step, msPerStep)} left`,
          ];
    const place = `step ${step} of ${steps}`;
    console.log(
      [place, `${tokens} tokens`, `${lossNats.toFixed(4)} nats`, `rate ${learningRate.toPrecision(2)}`, ...speed].join(
        "  ",
      ),
    );
  };
}

function left(steps: number, msPerStep: number): string {
  return formatSeconds((steps * msPerStep) / 1000);
}
