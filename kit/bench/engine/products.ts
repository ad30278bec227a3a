import { Contestant, withContestants } from "../harness/contestant.js";
import { interleave, spread } from "../harness/rounds.js";
import { say, shown, table } from "../harness/table.js";

const sizes = [512, 1024, 2048];

/** GFLOP/s of square float32 matrix products: the kit, NumPy, PyTorch. */
export async function benchProducts(python: string, rounds: number): Promise<void> {
  const numpy = Contestant.peer("NumPy", python, "products.py");
  const torch = Contestant.peer("PyTorch", python, "products.py");
  const kit = Contestant.kit("kintsugi", "engine/worker.js");
  await withContestants([kit, numpy, torch], async (all) => {
    const rows: string[][] = [];
    for (const size of sizes) {
      await kit.ask("prepareProduct", { size });
      await numpy.ask("prepare", { with: "numpy", size });
      await torch.ask("prepare", { with: "torch", size });
      // About 40 ms a round at 100 GFLOP/s, so that the clock is no part of the result.
      const count = Math.max(1, Math.round(4e9 / (2 * size ** 3)));
      const times = await interleave(
        all,
        rounds,
        async (c) => (await c.ask<{ ms: number }>(c === kit ? "product" : "round", { count })).ms,
      );
      const speeds = times.map((series) => spread(series.map((ms) => (2 * size ** 3) / ms / 1e6)));
      const best = Math.max(speeds[1].median, speeds[2].median);
      rows.push([
        `${size} × ${size} × ${size}`,
        ...speeds.map((s) => shown(s)),
        `${(speeds[0].median / best).toFixed(2)} ×`,
      ]);
    }
    say("\nMatrix products, GFLOP/s float32: median (min–max)");
    say(table(["size", ...all.map((c) => c.name), "to the better peer"], rows));
  });
}
