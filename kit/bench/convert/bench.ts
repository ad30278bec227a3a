import { spawnSync } from "node:child_process";
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../errors.js";
import { projectRoot } from "../../source/index.js";
import { open } from "../../weights/index.js";
import { Contestant, withContestants } from "../harness/contestant.js";
import { busyNote, machineFacts } from "../harness/machine.js";
import { interleave, spread } from "../harness/rounds.js";
import { gigabytes, say, shown, table } from "../harness/table.js";
import type { BenchOptions } from "../main.js";
import { randomCheckpoint } from "../tinyllama/checkpoint.js";

const memoryLimit = 400e6;
const ratioLimit = 2;

/**
 * `bench -- convert`: all layers of TinyLlama by the recipe Liquid Metal, against a plain copy of its file in 8 MB buffers, both
 * synced; `--preset narrow` for a try.
 */
export async function benchConvert({ rounds = 5, only, preset }: BenchOptions): Promise<void> {
  if (only !== undefined) throw new UserError("bench convert has no parts", { fix: "Leave --only out" });
  const source = await randomCheckpoint(preset);
  const weights = join(source, "model.safetensors");
  const folder = join(projectRoot(), ".cache", "bench");
  const [converted, copied] = [join(folder, "converted"), join(folder, "copied.safetensors")];
  say(machineFacts());
  say(`${rounds} interleaved rounds. ${busyNote() ?? ""}`.trim());
  const kit = Contestant.kit("kintsugi", "convert/worker.js");
  const copy = Contestant.kit("plain copy", "convert/worker.js");
  const once = (contestant: Contestant): Promise<{ ms: number }> =>
    contestant === kit
      ? kit.ask("convert", { source, out: converted })
      : copy.ask("copy", { from: weights, to: copied });
  const remove = (): void => {
    for (const path of [converted, copied]) rmSync(path, { recursive: true, force: true });
  };
  try {
    await withContestants([kit, copy], async (all) => {
      remove();
      const times = await interleave(all, rounds, async (contestant) => {
        rmSync(contestant === kit ? converted : copied, { recursive: true, force: true });
        // What others have still to write would be written along.
        spawnSync("sync");
        return (await once(contestant)).ms;
      });
      const { info } = await open(converted);
      const made = info.files.reduce((sum, file) => sum + statSync(file).size, 0);
      const memory = await Promise.all(all.map((one) => one.ask<{ peakBytes: number }>("memory")));
      const rows = all.map(({ name }, i) => [
        name,
        shown(spread(times[i].map((ms) => ms / 1000)), 1),
        gigabytes(memory[i].peakBytes),
      ]);
      say(`\nLiquid Metal in every layer, ${gigabytes(statSync(weights).size)} in, ${gigabytes(made)} out, synced`);
      say(table(["median (min–max)", "seconds", "peak memory"], rows));
      // The median of the ratios of neighbouring rounds, which a slow minute of the machine does not change.
      const { median } = spread(times[0].map((ms, round) => ms / times[1][round]));
      const verdict = (within: boolean): string => (within ? "within" : "ABOVE");
      say(
        `${median.toFixed(2)} × the time of the copy (${verdict(median <= ratioLimit)} ${ratioLimit}); memory ${verdict(memory[0].peakBytes <= memoryLimit)} ${memoryLimit / 1e6} MB`,
      );
    });
  } finally {
    remove();
  }
}
