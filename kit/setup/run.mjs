import { existsSync } from "node:fs";
import { join } from "node:path";
import { entry } from "./core/entry.mjs";
import { SetupFailure } from "./core/failure.mjs";
import { project } from "./core/project.mjs";
import { JOBS, runJob } from "./jobs.mjs";
import { setUp } from "./steps/index.mjs";

/** `node kit/setup/run.mjs JOB [arguments]`: the set-up, then one of the kit's compiled programs. */
await entry(async () => {
  const [name, ...args] = process.argv.slice(2);
  const job = JOBS[name ?? ""];
  if (job === undefined) throw new SetupFailure(`no job "${name ?? ""}": there are ${Object.keys(JOBS).join(", ")}`);
  await setUp(project);
  const program = join(project.dist, job);
  if (!existsSync(program))
    throw new SetupFailure(`${program} is missing, though the build succeeded`, {
      type: "git status shows what this checkout lacks",
    });
  return runJob(project, program, args);
});
