/** Runs beside the records, step by step. */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { liveTensors } from "../engine/index.js";
import { pico } from "../model/index.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { startHub } from "../source/testing/hub.js";
import { liquidMetal } from "../surgery/index.js";
import { manifestText } from "../text/corpora/manifest.js";
import { corpus as corpusOf, toyStories } from "../text/index.js";
import { healing, type Run, readRecord, recordPath, rehearsal, rehearse } from "./index.js";

const corpus = { kind: "toy-stories", seed: 0, count: 40 } as const;
const execution = { backend: "eager", threads: 1, matmul: "float32" } as const;
const dials = { corpus, tokens: 768, length: 64, batchTokens: 128, learningRate: 1e-3, execution };
const spec = healing(pico, { source: "pico", recipe: liquidMetal, part: { kind: "new" }, distillation: {}, ...dials });
const run: Run = { study: "test", arm: "rehearsed", seed: 0, spec };

afterEach(() => vi.unstubAllEnvs());

it("is the run itself, and shows its model behind each step", async () => {
  const looked: number[] = [];
  const whole = await rehearse(run, { look: { every: 3, at: (_, { step }) => looked.push(step) } });
  expect(looked).toEqual([3, 6]);
  const losses: number[] = [];
  const steps = rehearsal(run);
  for (let now = await steps.next(); ; now = await steps.next()) {
    if (now.done === true) {
      expect(now.value.footer?.weightsSha256).toBe(whole.footer?.weightsSha256);
      break;
    }
    const { step, speed, trained } = now.value;
    losses.push(step.lossNats);
    if (step.step === 1) expect(speed).toBeUndefined();
    else expect(speed!.tokensPerSecond * speed!.secondsLeft).toBeCloseTo(768 - step.tokens, 3);
    expect(trained.model.config).toEqual(spec.model);
    expect(trained.tokenizer.vocab).toBe(pico.vocab);
  }
  expect(losses).toEqual(whole.steps.map(({ lossNats }) => lossNats));
});

it("left early it ends, and leaves neither files nor tensors", async () => {
  const [temporary, tensors] = [temporaryFolder(), liveTensors()];
  vi.stubEnv("TMPDIR", temporary);
  let last = 0;
  for await (const { step } of rehearsal(run)) {
    last = step.step;
    if (last === 2) break;
  }
  expect(last).toBe(2);
  expect([readdirSync(temporary), liveTensors()]).toEqual([[], tensors]);
});

it("keeps its record where it is asked to, of a run that comes to its end, and there once", async () => {
  const records = temporaryFolder();
  for await (const { step } of rehearsal(run, { records })) if (step.step === 2) break;
  expect(readdirSync(records)).toEqual([]);
  const kept = await rehearse(run, { records });
  expect(kept.path).toBe(recordPath(run, records));
  expect(readRecord(kept.path, (message) => expect.unreachable(message))).toEqual(kept);
  expect(readdirSync(records, { recursive: true })).toHaveLength(3);
  const again = rehearsal(run, { records });
  await expect(again.next()).rejects.toThrow(/a run of this name and these options is recorded \(.*\.jsonl\)/);
});

it("fails as the run does", async () => {
  const initial = { ...spec.initial, source: "/none/such" } as typeof spec.initial;
  await expect(rehearsal({ ...run, spec: { ...spec, initial } }).next()).rejects.toThrow(/none\/such/);
});

it("says what it fetches, in a line now and then, also to nobody in particular", async () => {
  const kind = "tinystories-13k";
  const stories = toyStories({ seed: 5, count: 24 });
  const initial = { kind: "kit" } as const;
  const training = { ...spec.training, part: undefined, distillation: undefined };
  const fetched = { ...run, spec: { ...spec, initial, training, data: { ...spec.data, corpus: { kind } } } } as Run;
  const warn = vi.spyOn(console, "warn").mockReturnValue();
  const say = vi.fn();
  for (const [options, told] of [
    [{ say }, say],
    [{}, warn],
  ] as const) {
    const home = temporaryFolder();
    mkdirSync(join(home, "data"));
    writeFileSync(join(home, "data", `${kind}.sha256`), manifestText(corpusOf(kind, stories)));
    const published = stories.slice(1).map((text) => `${text}\n<|endoftext|>\n`);
    const { url } = await startHub({ "roneneldan/TinyStories": { "TinyStories-train.txt": published.join("") } });
    const place = { KINTSUGI_HOME: home, KINTSUGI_MIRROR: "", HF_ENDPOINT: url, HF_TOKEN: "", HF_HUB_OFFLINE: "" };
    for (const [name, value] of Object.entries(place)) vi.stubEnv(name, value);
    await expect(rehearse(fetched, options)).rejects.toThrow("1 of the 24 texts of tinystories-13k are missing");
    const line = /^fetches tinystories-13k: TinyStories-train\.txt, [\d.]+ MB of [\d.]+ MB$/;
    expect(told.mock.calls).toEqual([[expect.stringMatching(line)]]);
  }
  warn.mockRestore();
});
