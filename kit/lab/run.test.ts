import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { read, type Tensor, tree } from "../engine/index.js";
import { backend as door } from "../engine/tensorflow.js";
import { deltaNet, pico } from "../model/index.js";
import { projectRoot } from "../source/index.js";
import { temporaryFolder } from "../source/testing/folder.js";
import {
  carryOut,
  checkpointFolder,
  healing,
  type Run,
  type RunRecord,
  readRecord,
  readRun,
  recordPath,
  rehearse,
  specHash,
  withBudget,
} from "./index.js";

const small: Run = {
  study: "test",
  arm: "small",
  seed: 0,
  spec: {
    version: 1,
    model: deltaNet({
      vocab: 300,
      width: 16,
      depth: 1,
      hidden: 24,
      context: 64,
      heads: 2,
      keyDim: 4,
      valueDim: 8,
      linear: { kind: "ternary", scale: "per-tensor", norm: "block" },
    }),
    initial: { kind: "kit" },
    data: {
      corpus: { kind: "toy-stories", seed: 0, count: 40 },
      validation: 0.2,
      tokenizer: { kind: "bpe", vocab: 300 },
    },
    training: {
      batchTokens: 128,
      stages: [
        { length: 32, tokens: 1024 },
        { length: 64, tokens: 1536 },
      ],
      accumulate: 1,
      learningRate: 0.01,
      schedule: { kind: "cosine", warmupTokens: 256, floor: 0.1 },
      weightDecay: 0.1,
      beta1: 0.9,
      beta2: 0.95,
      eps: 1e-8,
      clip: 1,
      factors: [{ paths: "**.gain", weightDecay: 0 }],
      validateEvery: 1000,
    },
    execution: { backend: "graph", threads: 1, matmul: "float32" },
  },
};

const folders = () => {
  const root = temporaryFolder();
  return { records: join(root, "records"), checkpoints: join(root, "checkpoints") };
};

/** A record without what may differ: times. */
function numbers(path: string): unknown {
  return numbersOf(readRecord(path, (message) => expect.unreachable(message)));
}

function numbersOf({ header, steps, validations, footer }: RunRecord): unknown {
  const { wallSeconds, ...reached } = footer!;
  return [header.spec, steps.map(({ stepMs, ...step }) => step), validations, reached];
}

it("a rehearsal gives the record of its run, and leaves no file", async () => {
  const [where, temporary] = [folders(), temporaryFolder()];
  await carryOut(small, where);
  vi.stubEnv("TMPDIR", temporary);
  const steps: number[] = [];
  const record = await rehearse(small, { report: ({ step }) => void steps.push(step) });
  vi.unstubAllEnvs();
  expect(numbersOf(record)).toEqual(numbers(recordPath(small, where.records)));
  expect(steps).toHaveLength(20);
  expect(readdirSync(temporary)).toEqual([]);
});

describe("carryOut", () => {
  it("trains, validates, and writes one record", async () => {
    const where = folders();
    expect(await carryOut(small, where)).toBe("done");
    const path = recordPath(small, where.records);
    const { header, steps, validations, footer } = readRecord(path, (message) => expect.unreachable(message));
    expect(header).toMatchObject({ study: "test", arm: "small", seed: 0, spec: small.spec });
    expect(header.tensorflow).toMatch(/^2\.\d+/);
    expect([steps.length, steps[0].step, steps[19].tokens]).toEqual([20, 1, 2560]);
    expect(validations.map(({ step }) => step)).toEqual([8, 16]);
    expect(footer?.ending).toBe("done");
    expect(footer?.validationNats).toBeLessThan(Math.log(300));
    expect(await carryOut(small, where)).toBe("done before");
  });

  it("goes on after an interruption as if there had been none", async () => {
    const [whole, broken] = [folders(), folders()];
    await carryOut(small, whole);
    for (const last of [3, 11]) {
      const stop = new AbortController();
      const report = ({ step }: { step: number }) => step === last && stop.abort();
      expect(await carryOut(small, { ...broken, signal: stop.signal, report })).toBe("interrupted");
    }
    expect(await carryOut(small, broken)).toBe("done");
    expect(numbers(recordPath(small, broken.records))).toEqual(numbers(recordPath(small, whole.records)));
  });

  it("drops lines beyond its last checkpoint, and one that was cut", async () => {
    const [whole, broken] = [folders(), folders()];
    await carryOut(small, whole);
    const stop = new AbortController();
    await carryOut(small, { ...broken, signal: stop.signal, report: ({ step }) => step === 5 && stop.abort() });
    const partial = `${recordPath(small, broken.records)}.part`;
    writeFileSync(partial, `${readFileSync(partial, "utf8")}{"step":6,"tokens":768}\n{"step":7,"tok`);
    await carryOut(small, broken);
    expect(numbers(recordPath(small, broken.records))).toEqual(numbers(recordPath(small, whole.records)));
  });

  it("stops at a disk that takes no more, and goes on from the checkpoint before", { timeout: 60_000 }, async () => {
    const [whole, broken] = [folders(), folders()];
    await carryOut(small, whole);
    const stop = new AbortController();
    await carryOut(small, { ...broken, signal: stop.signal, report: ({ step }) => step === 5 && stop.abort() });
    const file = join(broken.records, "run.json");
    writeFileSync(file, JSON.stringify(small));
    const program = join(projectRoot(), "kit", "kintsugi.mjs");
    const words = ["run", file, "--records", broken.records, "--checkpoints", broken.checkpoints];
    // The shell lets files grow to 40 kB; a checkpoint is larger.
    const limited = `ulimit -f 40; exec node ${[program, ...words].join(" ")} --checkpoint-seconds 0`;
    const { status, stderr } = spawnSync("bash", ["-c", limited], { encoding: "utf8" });
    expect([status, stderr]).toEqual([1, expect.stringMatching(/kintsugi: Cannot write .*step-0+6\.safetensors/)]);
    expect(await carryOut(small, broken)).toBe("done");
    expect(numbers(recordPath(small, broken.records))).toEqual(numbers(recordPath(small, whole.records)));
  });

  it("removes what a kill at its very end has left", async () => {
    const where = folders();
    await carryOut(small, where);
    const folder = checkpointFolder(small, where.checkpoints);
    mkdirSync(folder);
    expect(await carryOut(small, where)).toBe("done before");
    expect(existsSync(folder)).toBe(false);
  });

  it("names the weights it began with, and goes on with no others", async () => {
    const base = join(temporaryFolder(), "base");
    cpSync(join(projectRoot(), "data", "sample", "pico"), base, { recursive: true });
    const spec = healing(pico, { source: base, corpus: small.spec.data.corpus, tokens: 1024, length: 64 });
    const healed: Run = { ...small, arm: "healed", spec: { ...spec, execution: small.spec.execution } };
    const where = folders();
    const stop = new AbortController();
    await carryOut(healed, { ...where, signal: stop.signal, report: () => stop.abort() });
    const file = join(base, "model.safetensors");
    const [bytes, other] = [readFileSync(file), readFileSync(file)];
    other[other.length - 1] ^= 1;
    writeFileSync(file, other);
    await expect(carryOut(healed, where)).rejects.toThrow(/has something else .*: source\.sha256 is/);
    writeFileSync(file, bytes);
    expect(await carryOut(healed, where)).toBe("done");
    const { header } = readRecord(recordPath(healed, where.records), (message) => expect.unreachable(message));
    expect(header.source).toEqual({ name: base, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(header.base).toBeUndefined();
  });

  it("does not go on eagerly where it cannot compile", async () => {
    const native = door();
    const { binding } = native;
    native.binding = Object.create(binding, { traceBegin: { value: undefined } });
    try {
      await expect(carryOut(small, folders())).rejects.toThrow(
        /cannot compile \(execution\.backend is graph\).*doctor/,
      );
    } finally {
      native.binding = binding;
    }
  });

  it("says what its steps ran on", async () => {
    const backendOf = async () => {
      const where = folders();
      await carryOut(small, where);
      return readRecord(recordPath(small, where.records), (message) => expect.unreachable(message)).header.backend;
    };
    expect(await backendOf()).toBe("graph, 1 thread, float32 products");
    const native = door();
    Object.assign(native, { isUsingGpuDevice: true });
    try {
      expect(await backendOf()).toBe("graph on a GPU, 1 thread, float32 products");
    } finally {
      Object.assign(native, { isUsingGpuDevice: false });
    }
  });

  it("records that a run diverged", async () => {
    const where = folders();
    const wild = { ...small, spec: { ...small.spec, training: { ...small.spec.training, learningRate: 1e30 } } };
    const said: string[] = [];
    expect(await carryOut(wild, { ...where, say: (message) => void said.push(message) })).toBe("diverged");
    const { footer } = readRecord(recordPath(wild, where.records), () => expect.unreachable());
    expect(footer).toMatchObject({ ending: "diverged", validationNats: null });
    expect(said.join()).toMatch(/step \d+/);
  });

  it.each<[string, number | undefined, RegExp, number]>([
    ["the best checkpoint", 128, /the validation loss is not a number after step 2/, 1],
    ["the last checkpoint", undefined, /not a number at step 3.*or leave bf16 out/, 2],
  ])("stops where a number overflows with bf16 products, and keeps %s", async (_, validateEvery, message, step) => {
    // The warm-up begins at 0: the first step changes nothing.
    const schedule = { kind: "constant", warmupTokens: 256 } as const;
    const training = { ...small.spec.training, learningRate: 1e30, schedule, validateEvery };
    const execution = { ...small.spec.execution, matmul: "bf16" } as const;
    const said: string[] = [];
    const kept: boolean[] = [];
    const wild = { ...small, spec: { ...small.spec, training, execution } };
    const where = folders();
    const ending = await carryOut(wild, {
      ...where,
      checkpointSeconds: 0,
      say: (line) => void said.push(line),
      trained: async ({ model }) => {
        kept.push(tree.leaves<Tensor>(model.params).every((leaf) => read(leaf).every(Number.isFinite)));
      },
    });
    expect(ending).toBe("diverged");
    expect(said[0]).toMatch(message);
    expect(said.slice(1)).toEqual([`kept as it was after step ${step}`]);
    expect(kept).toEqual([true]);
    const folder = checkpointFolder(wild, where.checkpoints);
    expect(readdirSync(folder)).toEqual(["kept.safetensors"]);
    // It is named where nobody else takes it; asked for again, the run begins anew.
    rmSync(recordPath(wild, where.records));
    said.length = 0;
    await carryOut(wild, { ...where, checkpointSeconds: 0, say: (line) => void said.push(line) });
    expect(said[0]).toMatch(message);
    expect(said.slice(1)).toEqual([`kept as it was after step ${step}: ${join(folder, "kept.safetensors")}`]);
  });
});

describe("specHash", () => {
  it("does not depend on the order of fields", () => {
    expect(specHash({ a: 1, b: { c: 2, d: [3] } })).toBe(specHash({ b: { d: [3], c: 2 }, a: 1 }));
    expect(specHash({ a: 1 })).not.toBe(specHash({ a: 2 }));
    expect(specHash({ a: 1, b: undefined })).toBe(specHash({ a: 1 }));
  });
});

describe("withBudget", () => {
  it("scales stages and warm-up", () => {
    const { training } = withBudget(small.spec, 1001);
    expect(training.stages.map(({ tokens }) => tokens)).toEqual([400, 601]);
    expect(training.schedule.warmupTokens).toBe(100);
  });
});

describe("readRun", () => {
  it("reads what was written", () => {
    expect(readRun(JSON.parse(JSON.stringify(small)))).toEqual(small);
    const leaky = { ...small, spec: { ...small.spec, training: { ...small.spec.training, allowLeak: true } } };
    expect(readRun(JSON.parse(JSON.stringify(leaky)))).toEqual(leaky);
  });

  it.each([
    [{ ...small, spec: { ...small.spec, trainings: 1 } }, /no field spec\.trainings.*Did you mean training/],
    [{ ...small, spec: { ...small.spec, version: 2 } }, /spec\.version is 2.*expected 1/],
    [{ ...small, arm: "../up" }, /arm is "\.\.\/up"/],
    [
      { ...small, spec: { ...small.spec, training: { ...small.spec.training, batchTokens: 100 } } },
      /batchTokens is 100.*multiple of every stage/,
    ],
    [
      { ...small, spec: { ...small.spec, data: { ...small.spec.data, tokenizer: { kind: "bpe", vocab: 301 } } } },
      /as many tokens as the model/,
    ],
  ])("refuses what a run cannot be (%#)", (json, message) => {
    expect(() => readRun(json)).toThrow(message);
  });
});
