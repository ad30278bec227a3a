import { describe, expect, it } from "vitest";
import { Queue, QueueFull } from "./queue.js";

describe("the queue", () => {
  it("takes together what waits together, in order, and never more than fits unless one alone is larger", async () => {
    const batches: number[][] = [];
    const queue = new Queue<number, number>(
      async (work) => {
        batches.push([...work]);
        await new Promise((resume) => setTimeout(resume, 5));
        return work.map((each) => 10 * each);
      },
      { together: 3 },
    );
    const done = await Promise.all([[1], [2, 3], [4, 5], [6], [7, 8, 9, 10], [11]].map((work) => queue.add(work)));
    expect(done).toEqual([[10], [20, 30], [40, 50], [60], [70, 80, 90, 100], [110]]);
    expect(batches).toEqual([[1, 2, 3], [4, 5, 6], [7, 8, 9, 10], [11]]);
  });

  it("is bounded, drops what nobody waits for any more, and outlives an error", async () => {
    const seen: number[] = [];
    const queue = new Queue<number, number>(
      async (work) => {
        seen.push(...work);
        if (work.includes(13)) throw new Error("unlucky");
        return work;
      },
      { together: 1, waiting: 3 },
    );
    const left = new AbortController();
    const waiting = [queue.add([13]), queue.add([2], left.signal), queue.add([3])];
    await expect(queue.add([4])).rejects.toBeInstanceOf(QueueFull);
    left.abort(new Error("gone"));
    // At once, whatever is before it.
    await expect(waiting[1]).rejects.toThrow("gone");
    const ended = await Promise.allSettled(waiting);
    expect(ended.map(({ status }) => status)).toEqual(["rejected", "rejected", "fulfilled"]);
    expect(seen).toEqual([13, 3]);
  });

  it("does one by one what fails together: a mistake is nobody else's", async () => {
    const queue = new Queue<number, number>(
      async (work) => {
        if (work.includes(13)) throw new Error("unlucky");
        return work;
      },
      { together: 4 },
    );
    const ended = await Promise.allSettled([[1], [13, 2], [3]].map((work) => queue.add(work)));
    expect(ended).toMatchObject([{ value: [1] }, { reason: new Error("unlucky") }, { value: [3] }]);
  });

  it("gives up what is under way when nobody waits for any of it", async () => {
    const queue = new Queue<number, number>(
      (work, signal) =>
        new Promise((resolve, reject) => {
          signal.addEventListener("abort", () => reject(new Error("given up")));
          // The last would never end.
          if (!work.includes(2)) setTimeout(() => resolve(work), 50);
        }),
      { together: 2 },
    );
    const leaving = [new AbortController(), new AbortController()];
    const both = leaving.map(({ signal }, i) => queue.add([i], signal));
    await new Promise((resume) => setTimeout(resume, 10));
    leaving[0].abort(new Error("gone"));
    await expect(both[0]).rejects.toThrow("gone");
    await expect(both[1]).resolves.toEqual([1]);
    const alone = new AbortController();
    const last = queue.add([2], alone.signal);
    await new Promise((resume) => setTimeout(resume, 10));
    alone.abort(new Error("gone"));
    await expect(last).rejects.toThrow("gone");
    await queue.idle();
    await expect(queue.add([3])).resolves.toEqual([3]);
  });
});
