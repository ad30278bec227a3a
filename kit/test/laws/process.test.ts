/** Laws about a whole process, each in one of its own. */
import { describe, expect, it } from "vitest";
import { child } from "../child.js";

it("TensorFlow is loaded at the first tensor, not before", async () => {
  const { result } = await child("laws/programs/lazy.ts");
  expect(result).toEqual({
    import: [false, false],
    "use without arrays": [false, false],
    "first tensor": [true, true],
  });
});

it("a stock addon runs eagerly, with one warning", async () => {
  const { result } = await child("laws/programs/stockAddon.ts");
  expect(result).toEqual({
    values: [4, 9, 8],
    backends: ["eager", "eager"],
    warnings: [
      "compile: this TensorFlow addon cannot trace; running eagerly. `npm run doctor` tells how to rebuild it",
    ],
  });
});

it("tensors outside every scope are freed once no variable reaches them", async () => {
  const { result } = await child<{ grown: number; latest: number; kept: number }>("laws/programs/unreachable.ts");
  // 60 tensors of 10 MB each came and went.
  expect(result.grown).toBeLessThan(200);
  expect([result.latest, result.kept]).toEqual([40, 2_500_000]);
});

type Peak = { megabytes: number; value: number; slope: number };

it.each(["eager", "graph", "xla"] as const)("what is computed again is not kept (%s)", async (backend) => {
  const [kept, again] = await Promise.all(
    ["kept", "again"].map((how) => child<Peak>("laws/programs/recompute.ts", [backend, how])),
  );
  expect(again.result.value).toBeCloseTo(kept.result.value, 6);
  expect(again.result.slope / kept.result.slope).toBeCloseTo(1, 4);
  // 8 layers of 96 MiB, or 64 MiB where XLA computes a square again by itself, against 8 of 32 MiB and one whole.
  expect(kept.result.megabytes - again.result.megabytes).toBeGreaterThan(backend === "xla" ? 150 : 300);
});

type Loop = { live: number[]; megabytes: number[]; losses: number[]; hashes: string[] };

describe.each(["eager", "graph", "xla"] as const)("a training loop (%s)", (backend) => {
  it("leaks nothing, and another process agrees to the last bit", async () => {
    const [long, short] = await Promise.all(
      ["300", "10"].map((steps) => child<Loop>("laws/programs/loop.ts", [backend, steps])),
    );
    const { live, megabytes, losses, hashes } = long.result;
    expect(losses[299]).toBeLessThan(losses[0] - 0.5);
    expect(live[299]).toBe(live[2]);
    // The state has 1.2 MB: one copy leaked at each step would make 300 MB.
    expect(megabytes[299] - megabytes[49]).toBeLessThan(30);
    expect(short.result.hashes).toEqual(hashes);
    expect(new Set(hashes).size).toBe(10);
  });
});
