/**
 * `npm run check:resume`: a run that is killed goes on as if nothing had happened.
 *
 * A small model is trained without interruption; then again, killed with SIGKILL at random moments anywhere between its first
 * second and its last, and started anew each time. Losses, validations and the hash of the final weights must be the same to
 * the last bit: for a model that is trained from its first weights on, on both backends, and for one that is healed.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Run, readRecord, recordPath } from "../lab/index.js";
import { projectRoot } from "../source/index.js";
import { healingRun, trainingRun } from "./resumeRuns.js";

/** Of each run. */
const kills = 10;

type Folders = { readonly records: string; readonly checkpoints: string };

/** Starts the run as a process of its own; it is killed after `ms` unless it ends before. */
function start(run: Run, { records, checkpoints }: Folders, ms: number): Promise<"ended" | "killed"> {
  const file = join(records, "..", "run.json");
  writeFileSync(file, JSON.stringify(run));
  const program = join(projectRoot(), "kit", "kintsugi.mjs");
  const folders = ["--records", records, "--checkpoints", checkpoints, "--checkpoint-seconds", "0.5"];
  const child = spawn(process.execPath, [program, "run", file, "--json", ...folders], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let complaints = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaints += chunk.toString();
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), ms);
  return new Promise((resolve, reject) => {
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      if (signal === "SIGKILL") resolve("killed");
      else if (code === 0) resolve("ended");
      else reject(new Error(complaints));
    });
  });
}

/** Everything of a record that must be the same: all but its times and circumstances. */
function numbers(run: Run, { records }: Folders): string {
  const { header, steps, validations, footer } = readRecord(recordPath(run, records), (problem) => {
    throw new Error(problem);
  });
  const untimed = steps.map((step) => ({ ...step, stepMs: 0 }));
  return JSON.stringify([header.spec, header.dataset, untimed, validations, { ...footer, wallSeconds: 0 }]);
}

function folders(): Folders {
  const root = mkdtempSync(join(tmpdir(), "kintsugi-resume-"));
  return { records: join(root, "records"), checkpoints: join(root, "checkpoints") };
}

async function check(run: Run): Promise<{ passed: number; failed: number }> {
  const name = run.arm.replace("resume-", "");
  const whole = folders();
  const begin = performance.now();
  await start(run, whole, 600_000);
  const seconds = (performance.now() - begin) / 1000;
  const expected = numbers(run, whole);
  const { footer } = readRecord(recordPath(run, whole.records), () => undefined);
  console.log(`${name}: uninterrupted in ${seconds.toFixed(1)} s, weights ${footer?.weightsSha256?.slice(0, 16)}`);
  let [passed, failed, killed] = [0, 0, 0];
  while (killed < kills) {
    const broken = folders();
    const moments: string[] = [];
    for (;;) {
      // Anywhere in the first attempt; later ones get longer, so that the run arrives.
      const ms = Math.random() * seconds * 1000 * (1 + moments.length / 4);
      if ((await start(run, broken, killed < kills ? ms : 600_000)) === "ended") break;
      moments.push(`${(ms / 1000).toFixed(1)} s`);
      killed++;
    }
    if (moments.length > 0) {
      const same = numbers(run, broken) === expected;
      if (same) passed += moments.length;
      else failed += moments.length;
      console.log(
        `${same ? "✓" : "✗"} ${name}, killed after ${moments.join(", ")}: ${same ? "bit-identical" : "DIFFERENT"}`,
      );
    }
    rmSync(join(broken.records, ".."), { recursive: true, force: true });
  }
  rmSync(join(whole.records, ".."), { recursive: true, force: true });
  return { passed, failed };
}

const data = mkdtempSync(join(tmpdir(), "kintsugi-resume-data-"));
const counts = { passed: 0, failed: 0 };
for (const run of [trainingRun("graph"), trainingRun("xla"), healingRun(data)]) {
  const { passed, failed } = await check(run);
  counts.passed += passed;
  counts.failed += failed;
}
rmSync(data, { recursive: true, force: true });
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed === 0 ? 0 : 1;
