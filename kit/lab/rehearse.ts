/** Runs that leave nothing behind: for a notebook, or to see whether a specification learns at all. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunRecord, readRecord, recordPath } from "./record.js";
import { carryOut, type RunOptions } from "./run.js";
import type { Run } from "./spec.js";

/** What a rehearsal tells of, as {@link carryOut} does. */
export type RehearsalOptions = Pick<RunOptions, "report" | "say" | "trained">;

/**
 * Carries out a run beside the records: losses, weights and the record itself are those of {@link carryOut}, but no file of
 * it stays, and it begins anew every time.
 *
 * ```ts
 * const { footer } = await lab.rehearse(run, { report: ({ step, lossNats }) => curve.add("loss", step, lossNats) });
 * ```
 */
export async function rehearse(run: Run, options: RehearsalOptions = {}): Promise<RunRecord> {
  const root = mkdtempSync(join(tmpdir(), "kintsugi-rehearsal-"));
  try {
    await carryOut(run, { ...options, records: root, checkpoints: join(root, "checkpoints") });
    return readRecord(recordPath(run, root), (message) => options.say?.(message));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
