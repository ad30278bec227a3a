import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../errors.js";
import { projectRoot } from "../../source/index.js";
import { say } from "./table.js";

/** Says what was looked at, and the first problems that were found; without any it has passed. */
export type Verdict = (what: string, problems: readonly string[]) => void;

/**
 * A check by hand: its verdicts, their count at the end, exit code 1 where one is not good. An error is one as well.
 *
 * @param name as it is run: `check:mergekit`
 */
export async function check(name: string, work: (verdict: Verdict) => Promise<void>): Promise<void> {
  let [passed, failed] = [0, 0];
  const verdict: Verdict = (what, problems) => {
    say(`${problems.length === 0 ? "✓" : "✗"} ${[what, ...problems.slice(0, 5)].join("\n    ")}`);
    if (problems.length === 0) passed++;
    else failed++;
  };
  try {
    await work(verdict);
  } catch (error) {
    failed++;
    if (error instanceof UserError) console.error(`${name}: ${error.message}`);
    else console.error(error);
  }
  if (passed + failed > 0) say(`${passed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
}

/** Work in a folder of its own beside what benches keep, gone afterwards. */
export async function inScratch<Result>(name: string, work: (folder: string) => Promise<Result>): Promise<Result> {
  const bench = join(projectRoot(), ".cache", "bench");
  mkdirSync(bench, { recursive: true });
  const folder = mkdtempSync(join(bench, `${name}-`));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
