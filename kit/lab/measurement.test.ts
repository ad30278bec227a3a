import { readFileSync, statSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { liveTensors } from "../engine/index.js";
import { tokenLosses } from "../measure/index.js";
import { temporaryFolder as folder } from "../source/testing/folder.js";
import { boundaryOf, openCorpus, splitCorpus } from "../text/index.js";
import { load } from "../weights/index.js";
import { classedTexts } from "./classes.js";
import {
  Archive,
  byText,
  knownMeasurements,
  type Measurement,
  type MeasureSpec,
  measurementPath,
  observations,
  readMeasurement,
  takeMeasurement,
} from "./index.js";
import { plantedTexts } from "./planted.js";
import { heldOutShare } from "./spec.js";
import { runsOf, smallStudy, writeRecord } from "./testing/records.js";

const corpus = { kind: "toy-stories", seed: 3, count: 600 } as const;

function measurement(measure: MeasureSpec, slices?: readonly { layers: readonly [number, number] }[]): Measurement {
  return { version: 1, name: "small/one", subject: { kind: "known", name: "pico", slices }, measure };
}

async function figuresOf(asked: Measurement): Promise<Readonly<Record<string, readonly (number | null)[]>>> {
  const records = folder();
  expect(await takeMeasurement(asked, { records })).toBe("taken");
  return readMeasurement(asked, records)!.figures;
}

const mean = (values: readonly (number | null)[]): number =>
  values.reduce<number>((sum, value) => sum + value!, 0) / values.length;

describe("takeMeasurement", () => {
  const asked = measurement({ kind: "loss", corpus, texts: 3, tokens: 64 });

  it("keeps a record of one number for each text, once, and leaves no tensor", async () => {
    const records = folder();
    const before = liveTensors();
    expect(await takeMeasurement(asked, { records })).toBe("taken");
    expect(liveTensors()).toBe(before);
    const path = measurementPath(asked, records);
    const written = statSync(path).mtimeMs;
    expect(await takeMeasurement(asked, { records })).toBe("taken before");
    expect(statSync(path).mtimeMs).toBe(written);
    const { figures } = readMeasurement(asked, records)!;
    expect(Object.keys(figures)).toEqual(["nats", "natsEarly", "natsLate"]);
    // A quarter of the positions is early.
    for (const [text, nats] of figures.nats.entries()) {
      expect(nats).toBeCloseTo(figures.natsEarly[text]! / 4 + (3 * figures.natsLate[text]!) / 4, 5);
    }
    // Stories of its own kind, in the vocabulary of 1,024.
    expect(mean(figures.nats)).toBeLessThan(2.5);
    expect(observations([asked], records).get("small/one")?.[0].figures).toEqual(figures);
  });

  it("reads the beginnings of documents, where they are to be apart", async () => {
    const spec = { kind: "loss", corpus, texts: 3, tokens: 64 } as const;
    const apart = await figuresOf(measurement({ ...spec, documents: "apart" }));
    const rows = await figuresOf(measurement(spec));
    // The first row begins as the first document does, the others in the middle of one.
    expect(apart.nats[0]).toBeCloseTo(rows.nats[0]!, 5);
    expect(apart.natsEarly[1]).not.toBeCloseTo(rows.natsEarly[1]!, 2);
    const { model, tokenizer } = await load("pico");
    const { validation } = splitCorpus(await openCorpus(corpus), heldOutShare);
    const ids = [boundaryOf(tokenizer!), ...tokenizer!.encode(validation.texts[1]).slice(0, 64)];
    const [{ nats }] = tokenLosses(model, [Int32Array.from(ids)]);
    expect(apart.nats[1]).toBeCloseTo(mean([...nats]), 5);
  });

  it("measures layers stacked anew", async () => {
    const { kind, texts, tokens } = { kind: "loss", texts: 2, tokens: 64 } as const;
    const whole = await figuresOf(measurement({ kind, corpus, texts, tokens }, [{ layers: [0, 4] }]));
    const short = await figuresOf(measurement({ kind, corpus, texts, tokens }, [{ layers: [0, 3] }]));
    expect(mean(short.nats)).toBeGreaterThan(mean(whole.nats) + 0.1);
  });

  it("has figures of every kind", async () => {
    const near = await figuresOf(measurement({ kind: "recency", corpus, texts: 2, tokens: 96 }));
    expect(Object.keys(near)).toEqual(["natsNear", "natsMiddle", "natsFar", "natsNew"]);
    const shift = await figuresOf(measurement({ kind: "shift", corpus, texts: 4, tokens: 32 }));
    expect(mean(shift.natsAfter)).not.toBeCloseTo(mean(shift.natsAlone), 3);
    const planted = await figuresOf(measurement({ kind: "planted", texts: 2, tokens: 24 }));
    for (const text of [0, 1]) {
      expect(planted.irrelevant[text]).toBeGreaterThan(0);
      expect(planted.irrelevant[text]).toBeLessThan(1);
      expect(planted.entropy[text]).toBeLessThan(1);
    }
    const { overlap } = await figuresOf(measurement({ kind: "overlap", corpus, texts: 2, tokens: 32 }));
    for (const value of overlap) {
      expect(value).toBeGreaterThan(0);
      expect(value).toBeLessThan(1);
    }
    const classes = await figuresOf(measurement({ kind: "classes", texts: 3 }));
    for (const text of [0, 1, 2]) {
      expect(classes.natsClass[text]).toBeGreaterThan(0);
      // What is likeliest of four has at least a quarter, what is not at most a half.
      if (classes.right[text] === 1) expect(classes.natsClass[text]).toBeLessThanOrEqual(Math.log(4));
      else expect(classes.natsClass[text]).toBeGreaterThanOrEqual(Math.log(2));
    }
    await expect(figuresOf(measurement({ kind: "adaptation", corpus, texts: 2, tokens: 32 }))).rejects.toThrow(
      "the model has no part that adapts",
    );
    await expect(figuresOf(measurement({ kind: "shift", corpus, texts: 500, tokens: 32 }))).rejects.toThrow(
      /holds out \d+ such texts.*expected 1000/,
    );
  });

  it("waits for models of runs, and for learning rates", async () => {
    const trained: Measurement = {
      ...asked,
      subject: { kind: "trained", study: "decay", arm: "none", seed: 0, spec: "00000000" },
    };
    expect(await takeMeasurement(trained, { records: folder(), models: folder() })).toBe("no model");
    const planned = { name: "decay/none/loss", subject: { kind: "arm", study: smallStudy, arm: "none" } } as const;
    const root = folder();
    const asWritten = () => knownMeasurements([{ ...planned, measure: asked.measure }], new Archive(root));
    expect(asWritten()).toEqual({ known: [], waiting: 3 });
    // A model of a run that diverged is nobody's.
    for (const run of runsOf(smallStudy)) {
      if (run.arm === "none" && run.seed < 2) writeRecord(run, root, { bitsPerByte: run.seed === 0 ? 2 : null });
    }
    expect(asWritten()).toMatchObject({ known: [{ subject: { study: "decay", arm: "none", seed: 0 } }], waiting: 1 });
    const archive = new Archive(folder());
    const study = { ...smallStudy, pilot: { learningRates: [0.01, 0.02], tokens: 640, seed: 0 } };
    const waiting = { ...planned, measure: asked.measure, subject: { ...planned.subject, study } };
    expect(knownMeasurements([waiting], archive)).toEqual({ known: [], waiting: 3 });
  });
});

describe("readMeasurement", () => {
  it("takes no other file for its own", async () => {
    const records = folder();
    const asked = measurement({ kind: "recency", corpus, texts: 1, tokens: 32 });
    expect(readMeasurement(asked, records)).toBeUndefined();
    await takeMeasurement(asked, { records });
    const path = measurementPath(asked, records);
    const text = readFileSync(path, "utf8");
    for (const wrong of [text.slice(0, 40), text.replace('"tokens":32', '"tokens":33'), '{"figures":{}}']) {
      writeFileSync(path, wrong);
      expect(() => readMeasurement(asked, records)).toThrow(/not the record of the measurement/);
    }
  });

  it("gives a figure by text, without what is missing", () => {
    const taken = { measurement: measurement({ kind: "planted", texts: 3, tokens: 8 }), wallSeconds: 1 };
    const circumstances = { node: "", machine: { cpu: "", cores: 1, memoryBytes: 1 } };
    const record = { ...taken, circumstances, figures: { nats: [1.5, null, 2] } };
    expect([...byText(record, "nats")]).toEqual([
      [0, 1.5],
      [2, 2],
    ]);
    expect(byText(record, "others").size + byText(undefined, "nats").size).toBe(0);
  });
});

it("a planted text tells a name and asks for it", async () => {
  const { tokenizer } = await load("pico");
  const texts = plantedTexts(tokenizer!, { texts: 9, tokens: 24 });
  const said = texts.map(({ ids }) => tokenizer!.decode(ids.slice(1)));
  expect(said[0]).toMatch(/^There was a cat named Tom\. .* The cat was named Tom$/);
  expect(said[8]).toMatch(/^There was a dog named Tom\. .* The dog was named Tom$/);
  expect(said[1].split("Lily").length).toBe(3);
  for (const { ids, told, asked } of texts) {
    expect(asked - told[told.length - 1]).toBeGreaterThan(24);
    expect([...ids.slice(asked)]).toEqual(told.map((at) => ids[at]));
  }
});

it("a text of classes has one example of each, and asks for a word that is none of them", async () => {
  const { tokenizer } = await load("pico");
  for (const [text, { ids, classes, right }] of classedTexts(tokenizer!, 12).entries()) {
    const names = classes.map((end) => tokenizer!.decode(end).trim());
    expect(names).toEqual(["fruit", "vegetable", "flower", "tree"]);
    expect(right).toBe(text % 4);
    const lines = tokenizer!.decode(ids.slice(1)).split("\n");
    const told = lines.slice(0, -1).map((line) => line.split(": "));
    expect(told.map(([, name]) => name).sort()).toEqual([...names].sort());
    const [word, rest] = lines.at(-1)!.split(":");
    expect(rest).toBe("");
    expect(told.map(([example]) => example)).not.toContain(word);
  }
});
