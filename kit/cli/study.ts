import { join } from "node:path";
import { Command } from "commander";
import * as lab from "../lab/index.js";
import { cacheFolder } from "../source/index.js";
import { smoke, studies } from "../studies/index.js";
import { whole, wholes } from "./arguments.js";
import { named } from "./named.js";
import { stopSignal } from "./stopping.js";

type Options = {
  readonly arm?: readonly string[];
  readonly seed?: readonly number[];
  readonly budget?: number;
  readonly smoke?: boolean;
  readonly jobs: number;
};

/** `kintsugi study`: whatever a study lacks. */
export function studyCommand(): Command {
  return new Command("study")
    .description("carry out the runs a study lacks; stopped at any time, it goes on where it was")
    .argument("[names...]", `of ${studies.map(({ name }) => name).join(", ")}; default: all, in this order`)
    .option("--arm <names...>", "only these arms")
    .option("--seed <numbers...>", "only these seeds", wholes(0))
    .option("--budget <tokens>", "tokens of each run; its records are not those of the study", whole(1))
    .option("--jobs <number>", "runs at a time, each on the threads its specification says", whole(1), 1)
    .option("--smoke", "a small version of about a minute; its records stay in data/cache/smoke")
    .action(async (names: readonly string[], options: Options) => {
      const signal = stopSignal();
      for (const name of names.length === 0 ? studies.map((study) => study.name) : names) {
        const wanted = named(studies, "study", name);
        const { study: whole, ...where }: Conducted = options.smoke === true ? inSmall(wanted) : { study: wanted };
        const study = options.budget === undefined ? whole : lab.withStudyBudget(whole, options.budget);
        const dashboard = new lab.Dashboard();
        const complete = await lab
          .conduct(study, {
            ...where,
            arms: options.arm,
            seeds: options.seed,
            jobs: options.smoke === true ? 1 : options.jobs,
            signal,
            report: dashboard.report,
            say: (message) => dashboard.say(`${study.name}: ${message}`),
          })
          .finally(() => dashboard.end());
        if (!complete) {
          process.exitCode = 130;
          return;
        }
        const archive = new lab.Archive(where.records ?? lab.recordsFolder());
        console.log(`${study.name}: complete\n\n${lab.armTable(lab.studyResult(study, archive))}`);
      }
    });
}

/** A study, and where its runs take place if not in processes of their own. */
type Conducted = { readonly study: lab.Study } & Pick<lab.ConductOptions, "records" | "execute">;

/** A study's small version, in this process: starting others would take longer than its runs. */
function inSmall(study: lab.Study): Conducted {
  const records = join(cacheFolder(), "smoke", "runs");
  const checkpoints = join(cacheFolder(), "smoke", "checkpoints");
  return { study: smoke(study), records, execute: lab.inThisProcess({ records, checkpoints }) };
}
