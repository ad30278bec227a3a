/** Runs that begin with a trained model. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { liveTensors } from "../engine/index.js";
import { pico } from "../model/index.js";
import { projectRoot } from "../source/index.js";
import { convertedConfig, differentialLiquidMetal, liquidMetal, type Recipe, ternary } from "../surgery/index.js";
import { chatTemplates } from "../text/index.js";
import { chatTemplateOf, load, open } from "../weights/index.js";
import { writeSmall } from "../weights/testing/llama.js";
import { carryOut, keepModel, type Run, type RunSpec, readRecord, readRun, recordPath } from "./index.js";

const root = mkdtempSync(join(tmpdir(), "kintsugi-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let made = 0;
const folders = () => {
  made++;
  return { records: join(root, `records-${made}`), checkpoints: join(root, `checkpoints-${made}`) };
};

type Dials = { readonly recipe?: Recipe; readonly base?: string } & Partial<
  Pick<RunSpec["data"], "corpus" | "documents">
> &
  Pick<RunSpec["training"], "part" | "distillation" | "roundingTokens">;

/** Conversations and texts in a file each. */
function mixture(): RunSpec["data"]["corpus"] {
  const [chat, text] = [join(root, "chat.jsonl"), join(root, "text.jsonl")];
  const numbers = Array.from({ length: 12 }, (_, i) => i);
  const lines = (row: (i: number) => object): string => numbers.map((i) => `${JSON.stringify(row(i))}\n`).join("");
  writeFileSync(
    chat,
    lines((i) => ({ instruction: `Tell a story about ${i} cats.`, output: `There were ${i} cats.` })),
  );
  writeFileSync(
    text,
    lines((i) => ({ text: `Once upon a time there were ${i} dogs. They ran and ran.` })),
  );
  const sources = [
    { from: chat, weight: 2 },
    { from: text, weight: 1 },
  ];
  return { kind: "mixture", sources, template: "zephyr" };
}

const toys = { kind: "toy-stories", seed: 5, count: 30 } as const;

/** Six steps on pico's own kind of text. */
function healing({ recipe, base, corpus = toys, documents, ...training }: Dials): Run {
  return {
    study: "heal",
    arm: recipe === undefined ? "control" : "converted",
    seed: 0,
    spec: {
      version: 1,
      model: recipe === undefined ? pico : convertedConfig(pico, recipe),
      initial: { kind: "pretrained", source: "pico", ...(recipe && { recipe }), ...(base && { base }) },
      data: {
        corpus,
        validation: 0.2,
        tokenizer: { kind: "pretrained", vocab: pico.vocab },
        ...(documents === undefined ? {} : { documents }),
      },
      training: {
        batchTokens: 256,
        stages: [{ length: 128, tokens: 1536 }],
        accumulate: 1,
        learningRate: 2e-3,
        schedule: { kind: "constant", warmupTokens: 0 },
        weightDecay: 0,
        beta1: 0.9,
        beta2: 0.95,
        eps: 1e-8,
        clip: 1,
        factors: [],
        ...training,
      },
      execution: { backend: "graph", threads: 1, matmul: "float32" },
    },
  };
}

async function reached(run: Run) {
  const where = folders();
  expect(await carryOut(run, where)).toBe("done");
  const { validations, steps, footer } = readRecord(recordPath(run, where.records), (said) => expect.unreachable(said));
  return { before: validations[0], steps, footer: footer! };
}

describe("a run that begins with a trained model", () => {
  it("is judged before its first step: a conversion by identity is the base, a rewrite is not", async () => {
    const control = await reached(healing({}));
    expect(control.before).toMatchObject({ step: 0, tokens: 0 });
    const same = await reached(healing({ recipe: liquidMetal }));
    expect(same.before.bitsPerByte).toBeCloseTo(control.before.bitsPerByte, 5);
    const rewritten = await reached(healing({ recipe: { ...liquidMetal, init: "standard" } }));
    expect(rewritten.before.bitsPerByte).toBeGreaterThan(control.before.bitsPerByte + 1);
    expect(rewritten.footer.bitsPerByte).toBeLessThan(rewritten.before.bitsPerByte - 0.3);
  });

  it("diverges before its first step where the loss is no number then, and its record says so", async () => {
    const base = join(root, "broken");
    cpSync(join(projectRoot(), "data", "sample", "pico"), base, { recursive: true });
    const file = join(base, "model.safetensors");
    const bytes = readFileSync(file);
    // The last weight becomes a bfloat16 that is no number.
    bytes.writeUInt16LE(0x7fc0, bytes.length - 2);
    writeFileSync(file, bytes);
    const [run, where] = [healing({}), folders()];
    const broken: Run = { ...run, spec: { ...run.spec, initial: { kind: "pretrained", source: base } } };
    expect(await carryOut(broken, where)).toBe("diverged");
    const record = readRecord(recordPath(broken, where.records), (said) => expect.unreachable(said));
    expect(record).toMatchObject({ steps: [], validations: [], footer: { ending: "diverged", bitsPerByte: null } });
  });

  it.each<Dials>([
    { recipe: differentialLiquidMetal, part: { kind: "new" }, distillation: { weight: 0.5, hidden: 0.1 } },
    { part: { kind: "lora", rank: 2 } },
    { part: { kind: "scales" }, corpus: mixture() },
    { recipe: ternary, roundingTokens: 1024 },
    { documents: "apart", corpus: mixture(), part: { kind: "norms" }, distillation: {}, base: "pico" },
  ])("goes on after an interruption as if there had been none (%o)", async (dials) => {
    const run = healing(dials);
    const [whole, broken] = [folders(), folders()];
    const tensors = liveTensors();
    await carryOut(run, whole);
    expect(liveTensors()).toBe(tensors);
    const stop = new AbortController();
    const report = ({ step }: { step: number }) => step === 3 && stop.abort();
    expect(await carryOut(run, { ...broken, signal: stop.signal, report })).toBe("interrupted");
    expect(await carryOut(run, broken)).toBe("done");
    const numbers = ({ records }: { records: string }): unknown => {
      const { steps, validations, footer } = readRecord(recordPath(run, records), (said) => expect.unreachable(said));
      return [steps.map(({ stepMs, ...step }) => step), validations, { ...footer, wallSeconds: 0 }];
    };
    expect(numbers(broken)).toEqual(numbers(whole));
  });

  it("killed before its first checkpoint begins anew, judged before its first step once", async () => {
    const run = healing({ part: { kind: "norms" } });
    const where = folders();
    const killed = () => {
      throw new Error("killed");
    };
    await expect(carryOut(run, { ...where, report: killed })).rejects.toThrow("killed");
    expect(await carryOut(run, where)).toBe("done");
    const { validations, steps } = readRecord(recordPath(run, where.records), (said) => expect.unreachable(said));
    expect(validations.map(({ step }) => step)).toEqual([0]);
    expect(steps.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("keeps a model that can read, low-rank additions multiplied in", async () => {
    const run = healing({ part: { kind: "lora", rank: 2 } });
    let folder = "";
    await carryOut(run, {
      ...folders(),
      trained: async (trained) => void (folder = await keepModel(run, join(root, "models"), trained)),
    });
    const { model, tokenizer } = await load(folder);
    expect(model.config).toEqual(pico);
    expect(tokenizer?.vocab).toBe(pico.vocab);
  });

  it("keeps the chat template that conversations were spelt with, where the model had none", async () => {
    const saved = async (corpus: RunSpec["data"]["corpus"]) => {
      const run = healing({ corpus, part: { kind: "norms" } });
      let folder = "";
      await carryOut(run, {
        ...folders(),
        trained: async (trained) => void (folder = await keepModel(run, join(root, "models"), trained)),
      });
      return await chatTemplateOf((await open(folder)).info);
    };
    expect(await chatTemplateOf((await open("pico")).info)).toBeUndefined();
    expect(await saved(mixture())).toBe(chatTemplates.zephyr);
    const texts = {
      kind: "mixture",
      sources: [{ from: join(root, "text.jsonl"), weight: 1 }],
      template: "zephyr",
    } as const;
    expect(await saved(texts)).toBeUndefined();
  });

  it("is read from JSON, recipe and all", () => {
    const run = healing({ recipe: differentialLiquidMetal, part: { kind: "lora", rank: 4, alpha: 8 } });
    expect(readRun(JSON.parse(JSON.stringify(run)))).toEqual(run);
    const rounding = healing({ recipe: ternary, roundingTokens: 512, documents: "apart" });
    expect(readRun(JSON.parse(JSON.stringify(rounding)))).toEqual(rounding);
    const whole = healing({ recipe: ternary, roundingTokens: 1536 });
    expect(readRun(whole)).toEqual(whole);
    expect(() => readRun(healing({ recipe: ternary, roundingTokens: 1537 }))).toThrow(
      /at most the tokens of all stages/,
    );
    expect(() => readRun(healing({ roundingTokens: 512 }))).toThrow(/no roundingTokens where no weights are rounded/);
    const { spec } = run;
    const misspelt = { ...run, spec: { ...spec, training: { ...spec.training, part: { kind: "last", layer: 2 } } } };
    expect(() => readRun(misspelt)).toThrow(/no field spec\.training\.part\.layer.*Did you mean layers/);
    const liquid = { ...liquidMetal, liquid: { parts: ["tokenMixin"] } };
    const wrong = { ...run, spec: { ...spec, initial: { ...spec.initial, recipe: liquid } } };
    expect(() => readRun(wrong)).toThrow(/spec\.initial\.recipe\.liquid\.parts\[0\] is "tokenMixin".*"tokenMixing"/);
  });

  it("reads a mixture from JSON, which only a pretrained tokenizer reads", () => {
    const run = healing({ corpus: mixture() });
    expect(readRun(JSON.parse(JSON.stringify(run)))).toEqual(run);
    const data = { ...run.spec.data, tokenizer: { kind: "bpe", vocab: pico.vocab } };
    expect(() => readRun({ ...run, spec: { ...run.spec, data } })).toThrow(/a pretrained tokenizer for a mixture/);
  });

  it("refuses a model that sees the future before anything of it is loaded", async () => {
    const recipe: Recipe = { ...liquidMetal, liquid: { pool: { kind: "sequence" } } };
    const run = healing({ recipe });
    const nowhere: Run = {
      ...run,
      spec: { ...run.spec, initial: { kind: "pretrained", source: "./nowhere", recipe } },
    };
    await expect(carryOut(nowhere, folders())).rejects.toThrow("Training is refused: the model sees the future");
  });

  it("refuses another model than it names, and a teacher where there is none", async () => {
    const other = healing({});
    const model = { ...pico, context: 128 };
    await expect(carryOut({ ...other, spec: { ...other.spec, model } }, folders())).rejects.toThrow(
      "pico becomes another model than the specification says: context is 256, not 128",
    );
    const liquid = healing({ recipe: liquidMetal });
    const narrow = convertedConfig(pico, { ...liquidMetal, liquid: { rank: 4 } });
    await expect(carryOut({ ...liquid, spec: { ...liquid.spec, model: narrow } }, folders())).rejects.toThrow(
      "pico becomes another model than the specification says: layers[0-3].norm.rank is 16, not 4",
    );
    const small = writeSmall(join(root, "of-another-vocabulary"));
    const where = folders();
    await expect(carryOut(healing({ distillation: {}, base: small }), where)).rejects.toThrow(
      "the teacher has 11 tokens and the student 1024: expected one vocabulary",
    );
    expect(existsSync(where.records)).toBe(false);
    await expect(carryOut(healing({ distillation: {} }), folders())).rejects.toThrow(/pico would be its own teacher/);
    const { spec } = healing({ distillation: {} });
    const drawn = { ...other, spec: { ...spec, initial: { kind: "kit" } as const, data: { ...spec.data } } };
    await expect(carryOut(drawn, folders())).rejects.toThrow(/the model brings no tokenizer/);
  });
});
