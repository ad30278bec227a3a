import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { read, type Tensor, tree } from "../engine/index.js";
import { healingRun, healingStudy, mergedFolder, readRecord, recordsFolder, writeRunFile } from "../lab/index.js";
import { withLock } from "../source/lock.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { mergeText, planMerge } from "../surgery/index.js";
import { load } from "../weights/index.js";
import { healCommand } from "./heal.js";
import { claim, folderOf } from "./healFolder.js";
import { runCommand } from "./testing/run.js";

/** What the command prints. */
async function run(...args: string[]): Promise<string> {
  return (await runCommand(healCommand(), args)).out;
}

const toys = { kind: "toy-stories", seed: 0, count: 40 } as const;
const few = ["pico", "--data", "toy-stories:40", "--tokens", "512", "--length", "64", "--batch-tokens", "128"];

test("a model is converted, healed beside its teacher, shown, saved and recorded", async () => {
  const out = join(temporaryFolder(), "healed-in-a-test");
  const conversion = ["--recipe", "liquidMetal", "--layers", "1,3", "--train", "new", "--teacher"];
  try {
    const text = await run(...few, ...conversion, "--sample-every", "2", "--prompt", "Once", "--out", out);
    expect(text).toMatch(/step 4 of 4 {2}512 tokens {2}\d\.\d{4} nats {2}rate \S+ {2}\d+ ms a step/);
    expect(text.match(/^ {2}"Once/gm)).toHaveLength(2);
    const { model, tokenizer } = await load(out);
    expect(model.config.layers.map((layer) => layer.tokenMixing?.kernel)).toEqual([undefined, 3, undefined, 3]);
    expect(tokenizer?.vocab).toBe(1024);
    const path = /^record: (.*)$/m.exec(text)![1];
    const { header, validations } = readRecord(path, (message) => expect.unreachable(message));
    expect(header).toMatchObject({
      study: healingStudy,
      arm: "healed-in-a-test",
      spec: { training: { part: { kind: "new" } } },
    });
    expect(validations[0].step).toBe(0);
    expect(existsSync(`${out}.healing`)).toBe(false);
    await expect(run(...few, "--out", out)).rejects.toThrow(/exists.*another folder/);
  } finally {
    rmSync(join(recordsFolder(), healingStudy, "healed-in-a-test"), { recursive: true, force: true });
  }
});

test("the factors of a merge are fitted, shown, and written as a merge again", async () => {
  const folder = temporaryFolder();
  const [file, out] = [join(folder, "merge.yml"), join(folder, "fitted-in-a-test")];
  writeFileSync(file, mergeText([{ model: "pico", layers: [0, 4] }]));
  const fitting = [file, ...few.slice(1), "--train", "scales"];
  try {
    const text = await run(...fitting, "--out", out);
    expect(text).toMatch(/^layer {2}from +o_proj +down_proj\n +0 {2}pico 0 +\d\.\d{4} +\d\.\d{4}$/m);
    const plan = await planMerge(join(out, "fitted.yml"));
    const shown = /^ +3 {2}pico 3 +(\S+) +(\S+)$/m.exec(text)!.slice(1).map(Number);
    const written = plan.parts.layers[3].tensors.flatMap(({ ref }) => ref.scale ?? []);
    expect(shown.sort()).toEqual(written.map((factor) => Number(factor.toFixed(4))).sort());
    expect(shown).not.toContain(1);
  } finally {
    rmSync(join(recordsFolder(), healingStudy, "fitted-in-a-test"), { recursive: true, force: true });
    rmSync(await mergedFolder(await planMerge(file)), { recursive: true, force: true });
  }
});

test("where numbers overflow with bf16 products it stops, and what was good before is the model", async () => {
  const out = join(temporaryFolder(), "overflow-in-a-test");
  try {
    // The warm-up begins at 0: the first step changes nothing, the second everything.
    const wild = [...few, "--learning-rate", "1e30", "--bf16", "--out", out];
    const said = await runCommand(healCommand(), wild);
    expect(process.exitCode).toBe(1);
    expect(said.out).toMatch(/^diverged: .*overflow-in-a-test$/m);
    expect(said.notes).toMatch(/^the loss is not a number at step 3\..*leave bf16 out\nkept as it was after step 1$/);
    const [kept, base] = [await load(out), await load("pico")];
    const values = ({ model }: typeof kept) => tree.leaves<Tensor>(model.params).map((leaf) => [...read(leaf)]);
    expect(values(kept)).toEqual(values(base));
  } finally {
    process.exitCode = undefined;
    rmSync(join(recordsFolder(), healingStudy, "overflow-in-a-test"), { recursive: true, force: true });
  }
});

/** A healing that ends after its first step, with a checkpoint. */
async function interrupted(...args: string[]): Promise<void> {
  const stopping = vi.spyOn(process, "once").mockImplementation((signal, stop) => {
    if (signal === "SIGTERM") (stop as () => void)();
    return process;
  });
  await run(...args);
  stopping.mockRestore();
  process.exitCode = undefined;
}

test("one that was killed between its model and the end of its record goes on", async () => {
  const out = join(temporaryFolder(), "saved-in-a-test");
  await interrupted(...few, "--out", out);
  await claim(out, folderOf(out));
  mkdirSync(out);
  writeFileSync(join(out, "config.json"), "{}");
  await expect(run(...few, "--seed", "2", "--out", out)).rejects.toThrow(/another healing was begun here: seed/);
  try {
    expect(await run(...few, "--out", out)).toMatch(/^done: .*saved-in-a-test$/m);
    expect((await load(out)).tokenizer?.vocab).toBe(1024);
    expect(existsSync(folderOf(out))).toBe(false);
  } finally {
    rmSync(join(recordsFolder(), healingStudy, "saved-in-a-test"), { recursive: true, force: true });
  }
});

test("a model that sees the future is refused before weights and data are read, without words that heal has not", async () => {
  const folder = temporaryFolder();
  const [mixture, out] = [join(folder, "mixture.json"), join(folder, "leaking-in-a-test")];
  writeFileSync(mixture, JSON.stringify({ sources: [{ from: "./nowhere.jsonl", weight: 1 }], validation: 0.1 }));
  const words = ["pico", "--data", mixture, "--tokens", "512", "--recipe", "liquidMetal", "--pool", "sequence"];
  await expect(run(...words, "--out", out)).rejects.toThrow(
    /^Healing is refused: the model sees the future \(layers\.0\.mixerNorm and 11 more\): expected a pool of kind "prefix" or "ema"$/,
  );
});

test("another healing in the same place is refused, with what differs", async () => {
  const out = join(temporaryFolder(), "changed");
  const wrong = ["--recipe", "differentialV2", "--layers", "7"];
  await expect(run(...few, ...wrong, "--out", out)).rejects.toThrow(/There are no layers 7.*0 to 3/);
  expect(existsSync(`${out}.healing`)).toBe(false);
  await interrupted(...few, "--out", out);
  expect(JSON.parse(readFileSync(join(`${out}.healing`, "run.json"), "utf8")).arm).toBe("changed");
  await expect(run(...few, "--learning-rate", "0.1", "--seed", "2", "--out", out)).rejects.toThrow(
    /seed is 0, not 2; training\.learningRate is 0\.0005, not 0\.1/,
  );
});

test("another recipe in the same place is refused, with what differs in all layers at once", async () => {
  const out = join(temporaryFolder(), "converted");
  const liquid = [...few, "--recipe", "liquidMetal", "--out", out];
  await interrupted(...liquid);
  await expect(run(...liquid, "--rank", "4")).rejects.toThrow(
    /begun here: initial\.recipe\.liquid\.rank is absent, not 4; model\.layers\[0-3\]\.norm\.rank is 16, not 4 \(/,
  );
  await expect(run(...liquid, "--layers", "1,3")).rejects.toThrow(
    /begun here: initial\.recipe\.layers is absent, not \[.*\]; model\.layers\[0,2\]\.norm\.kind is "adaptiveRmsNorm"/,
  );
});

test("a mixture says how much is held out, and a teacher is named where the model was converted before", async () => {
  const folder = temporaryFolder();
  const [out, rows, mixture] = ["teacher-in-a-test", "toy-stories.jsonl", "mixture.json"].map((name) =>
    join(folder, name),
  );
  const story = (i: number): string => `${JSON.stringify({ text: `There were ${i} dogs. They ran.` })}\n`;
  writeFileSync(rows, Array.from({ length: 12 }, (_, i) => story(i)).join(""));
  const blanks = join(folder, "blanks.jsonl");
  writeFileSync(blanks, `${[50, 51, 52].map(story).join("")}${'{"text":""}\n'.repeat(2)}`);
  const sources = [
    { from: rows, weight: 1 },
    { from: blanks, weight: 1, blank: "skip" },
  ];
  writeFileSync(mixture, JSON.stringify({ sources, validation: 0.25 }));
  const data = (what: string): string[] => [...few.slice(0, 1), "--data", what, ...few.slice(3)];
  await expect(run(...data(rows), "--out", out)).rejects.toThrow(/nothing was held out of 12 documents/);
  expect(existsSync(`${out}.healing`)).toBe(false);
  try {
    const words = [...data(mixture), "--teacher", "pico", "--train", "norms", "--out", out];
    const said = await runCommand(healCommand(), words);
    expect(said.notes).toBe("2 rows without text passed over");
    const { header } = readRecord(/^record: (.*)$/m.exec(said.out)![1], (message) => expect.unreachable(message));
    expect(header.spec).toMatchObject({ initial: { base: "pico" }, data: { validation: 0.25 } });
    expect(header.dataset.skipped).toBe(2);
    // The data may have changed under its name: what is recorded stays, and nothing is trained in vain.
    rmSync(out, { recursive: true });
    await expect(run(...data(mixture), "--teacher", "pico", "--train", "norms", "--out", out)).rejects.toThrow(
      /a run of this name and these options is recorded/,
    );
  } finally {
    rmSync(join(recordsFolder(), healingStudy, "teacher-in-a-test"), { recursive: true, force: true });
  }
});

test("a second one in the same place leaves the first alone", async () => {
  const out = join(temporaryFolder(), "twice-in-a-test");
  mkdirSync(`${out}.healing`);
  await withLock(`${out}.healing`, async () => {
    await expect(run(...few, "--out", out)).rejects.toThrow(/^Process \d+ is at work on .*twice-in-a-test\.healing/);
  });
  expect(existsSync(`${out}.healing`)).toBe(true);
});

test("what a killed one left before its first checkpoint is no reason to refuse other options", async () => {
  const out = join(temporaryFolder(), "killed-in-a-test");
  mkdirSync(`${out}.healing`);
  const begun = await healingRun("killed-in-a-test", 7, { source: "pico", corpus: toys, tokens: 512 });
  await writeRunFile(begun, join(`${out}.healing`, "run.json"));
  try {
    expect(await run(...few, "--out", out)).toMatch(/^done: /m);
  } finally {
    rmSync(join(recordsFolder(), healingStudy, "killed-in-a-test"), { recursive: true, force: true });
  }
});

test.each<[string[], RegExp]>([
  [["--recipe", "liquidMetl"], /did you mean liquidMetal/],
  [["--train", "last:0"], /"last:0" names no part of a model/],
  [["--train", "new"], /shows beside the one it was made from\. Name that model as the base/],
  [["--teacher"], /pico would be its own teacher.*Name that model as the base/],
  [["--teacher", "stories260k", "--base", "pico"], /the base is pico, and the teacher stories260k: expected one model/],
  [["--length", "48"], /a batch of 128 tokens is cut into rows of 48/],
  [["--data", "toy-stories:1"], /"toy-stories\/validation" has no texts/],
  [["--data", "toy-stories.jsonl"], /toy-stories\.jsonl/],
  [["--rounding-tokens", "256"], /expected no roundingTokens where no weights are rounded/],
  [
    ["--recipe", "ternary", "--rounding-tokens", "513"],
    /training\.roundingTokens is 513 \(a healing of pico\): expected at most the tokens of all stages/,
  ],
  [["--backend", "gpu"], /Allowed choices are xla, graph, eager/],
  [["--teacher-weight", "5"], /distillation\.weight is 5 \(a healing of pico\): expected a number from 0 to 1/],
  [["--temperature", "0"], /distillation\.temperature is 0 .*: expected a number above 0/],
  [["--learning-rate", "0"], /training\.learningRate is 0 .*: expected a number above 0/],
  [["--data", "none/such.jsonl"], /none\/such\.jsonl/],
  [["--layers", "1"], /--layers is given, and no recipe/],
  [["--recipe", "liquidMetal", "--init", "sideways"], /Allowed choices are identity, standard/],
  [["--base", "/none/such", "--teacher"], /\/none\/such/],
  [["--teacher", "/none/such"], /\/none\/such/],
])("%j is one clear error", async (options, message) => {
  const out = join(temporaryFolder(), "none");
  await expect(run(...few, "--out", out, ...options)).rejects.toThrow(message);
  expect(existsSync(`${out}.healing`)).toBe(false);
});
