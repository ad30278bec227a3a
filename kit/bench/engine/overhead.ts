import { Contestant, withContestants } from "../harness/contestant.js";
import { interleave, spread } from "../harness/rounds.js";
import { say, shown, table } from "../harness/table.js";

const count = 1000;

/** Microseconds that one eager operation on eight numbers takes: the kit, PyTorch. */
export async function benchOverhead(python: string, rounds: number): Promise<void> {
  const contestants = [
    Contestant.kit("kintsugi", "engine/worker.js"),
    Contestant.peer("PyTorch", python, "overhead.py"),
  ];
  await withContestants(contestants, async (all) => {
    const rows: string[][] = [];
    for (const gradient of [false, true]) {
      const op = (c: Contestant): string => (c === contestants[0] ? "overhead" : "round");
      const once = async (c: Contestant): Promise<number> =>
        (await c.ask<{ us: number }>(op(c), { count, gradient })).us;
      await interleave(all, 3, once);
      const [ours, theirs] = (await interleave(all, rounds, once)).map(spread);
      rows.push([
        gradient ? "add and its gradient" : "add",
        shown(ours, 1),
        shown(theirs, 1),
        `${(ours.median / theirs.median).toFixed(1)} ×`,
      ]);
    }
    say("\nTime of one eager operation on 8 numbers, µs: median (min–max)");
    say(table(["operation", "kintsugi", "PyTorch", "kintsugi : PyTorch"], rows));
  });
}
