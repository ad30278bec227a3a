import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, createReadStream, fsyncSync, openSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { UserError } from "../../errors.js";
import { projectRoot } from "../../source/index.js";
import { Contestant, withContestants } from "../harness/contestant.js";
import { busyNote, machineFacts } from "../harness/machine.js";
import { interleave, speedup, spread } from "../harness/rounds.js";
import { gigabytes, say, shown, table } from "../harness/table.js";
import type { BenchOptions } from "../main.js";
import { peer } from "../peers.js";
import { randomCheckpoint } from "../tinyllama/checkpoint.js";

const memoryLimit = 300e6;

/** The 22 layers of TinyLlama become 30; where they come a second time, they write half as much into the residual stream. */
function configuration(model: string): string {
  return `slices:
  - sources:
      - model: ${model}
        layer_range: [0, 15]
  - sources:
      - model: ${model}
        layer_range: [7, 22]
        parameters:
          scale:
            - filter: o_proj
              value: 0.5
            - filter: down_proj
              value: 0.5
merge_method: passthrough
dtype: bfloat16
`;
}

/**
 * `bench -- merge`: TinyLlama's 22 layers stacked to 30, against mergekit with its defaults; `--preset narrow` for a try.
 *
 * The kit's time includes that the bytes are on the disk, mergekit's does not: it leaves them to the system, and how long that
 * takes stands in a column of its own.
 */
export async function benchMerge({ rounds = 5, only, preset }: BenchOptions): Promise<void> {
  if (only !== undefined) throw new UserError("bench merge has no parts", { fix: "Leave --only out" });
  const { python, versions } = await peer("mergekit");
  const model = await randomCheckpoint(preset);
  const folder = join(projectRoot(), ".cache", "bench");
  const file = join(folder, "merge.yml");
  writeFileSync(file, configuration(model));
  say(`${machineFacts()} · mergekit ${versions.mergekit} · PyTorch ${versions.torch}`);
  say(`${rounds} interleaved rounds. ${busyNote() ?? ""}`.trim());
  const kit = Contestant.kit("kintsugi", "merge/worker.js");
  const mergekit = Contestant.peer("mergekit", python, "merge.py");
  const out = (contestant: Contestant): string => join(folder, `merged-by-${contestant.name}`);
  const weights = (contestant: Contestant): string => join(out(contestant), "model.safetensors");
  try {
    await withContestants([kit, mergekit], async (all) => {
      const flushes: number[][] = all.map(() => []);
      const times = await interleave(all, rounds, async (contestant) => {
        rmSync(out(contestant), { recursive: true, force: true });
        // What others have still to write would be written along.
        spawnSync("sync");
        const { ms } = await contestant.ask<{ ms: number }>("merge", { file, out: out(contestant) });
        flushes[all.indexOf(contestant)].push(flushMs(weights(contestant)));
        return ms;
      });
      await sameBytes(all.map(weights));
      const memory = await Promise.all(all.map((one) => one.ask<{ peakBytes: number }>("memory")));
      const seconds = (values: readonly number[]): string => shown(spread(values.map((ms) => ms / 1000)), 1);
      const rows = all.map(({ name }, i) => [
        name,
        seconds(times[i]),
        seconds(flushes[i]),
        gigabytes(memory[i].peakBytes),
      ]);
      const [read, made] = [join(model, "model.safetensors"), weights(kit)].map((path) => statSync(path).size);
      say(`\n22 → 30 layers, bfloat16, ${gigabytes(read)} in, ${gigabytes(made)} out, the same bytes`);
      say(table(["median (min–max)", "seconds", "then to the disk", "peak memory"], rows));
      const verdict = memory[0].peakBytes <= memoryLimit ? "within" : "ABOVE";
      const ratio = speedup(times[0], times[1]).median.toFixed(2);
      say(`kintsugi : mergekit ${ratio} ×; memory ${verdict} ${memoryLimit / 1e6} MB`);
    });
  } finally {
    for (const contestant of [kit, mergekit]) rmSync(out(contestant), { recursive: true, force: true });
  }
}

/** How long the disk still needs for a file. */
function flushMs(file: string): number {
  const begin = performance.now();
  const handle = openSync(file, "r");
  fsyncSync(handle);
  closeSync(handle);
  return performance.now() - begin;
}

/** @throws UserError when the two files of weights differ: then their times mean nothing. */
async function sameBytes(files: readonly string[]): Promise<void> {
  const hashes = await Promise.all(
    files.map(async (file) => {
      const hash = createHash("sha256");
      await pipeline(createReadStream(file, { highWaterMark: 2 ** 22 }), hash);
      return hash.digest("hex");
    }),
  );
  if (new Set(hashes).size > 1) throw new UserError("The two merges are different files");
}
