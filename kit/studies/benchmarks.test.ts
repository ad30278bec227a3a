import { expect, test } from "vitest";
import { checkBenchmark, selectTasks } from "../evals/index.js";
import { benchmarks, studies } from "./index.js";

test("benchmarks name models that their studies have, and tasks that there are", async () => {
  const card = { seed: 0, spec: "x", bits: 1.6, embedding: "int8", bytes: 1 } as const;
  const packed = {
    study: "mixer",
    arm: "conv",
    folder: "x",
    card: { ...card, trainedBitsPerByte: 1, packedBitsPerByte: 1 },
  };
  const all = benchmarks([packed]);
  expect(all.map(({ name }) => name)).toEqual(["evals-smollm2", "evals-stories", "evals-ternary", "evals-tinyllama"]);
  expect(benchmarks([]).map(({ name }) => name)).toEqual(all.map(({ name }) => name));
  for (const benchmark of all) {
    checkBenchmark(benchmark);
    await selectTasks(benchmark.tasks.map(({ task }) => task));
    for (const { source, role, label } of benchmark.subjects) {
      if (source.kind === "named" || source.kind === "packed") continue;
      const study = studies.find(({ name }) => name === source.study)!;
      expect(Object.keys(study.arms)).toContain(source.arm);
      expect([role, label]).not.toContain(undefined);
    }
  }
});

test("what others have published is a share, for every task", () => {
  const { tasks, published } = benchmarks([]).at(-1)!;
  const means = published!.rows.map(({ scores }) => {
    expect(Object.keys(scores).sort()).toEqual(tasks.map(({ task }) => task).sort());
    return Object.values(scores).reduce((sum, score) => sum + score, 0) / tasks.length;
  });
  // The averages that stand beside them; the last is printed as 52.99, which its row does not add up to.
  const averages = [48.3, 46.11, 48.28, 50.22, 51.29, 51.64, 53.86, 52.97];
  for (const [i, mean] of means.entries()) expect(Math.abs(100 * mean - averages[i])).toBeLessThan(0.011);
});
