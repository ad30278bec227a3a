import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { temporaryFolder } from "../../source/testing/folder.js";
import { startHub } from "../../source/testing/hub.js";
import { corpusHash, isHeldOut, textHash } from "../corpus.js";
import { startCursor } from "../packing.js";
import { smallTokenizer } from "../testing/tokenizers.js";
import type { Tokenizer } from "../tokenizer.js";
import { toyStories } from "../toyStories.js";
import { mixtureBatches } from "./mix.js";
import { namedMixture, namedMixtures } from "./named.js";
import { boundaryOf, openMixture } from "./open.js";
import { checkMixture, type MixtureSpec, type SourceSpec } from "./spec.js";

const tokenizer: Tokenizer = { ...smallTokenizer(), special: { bos: 259, eos: 0 } };
const options = { tokenizer };

let mirror: string;

beforeEach(() => {
  mirror = temporaryFolder();
  vi.stubEnv("KINTSUGI_MIRROR", mirror);
  vi.stubEnv("KINTSUGI_HOME", temporaryFolder());
  vi.stubEnv("HF_ENDPOINT", "http://127.0.0.1:1");
  vi.stubEnv("HF_HUB_OFFLINE", "");
});
afterEach(() => vi.unstubAllEnvs());

function write(path: string, content: string | Uint8Array): string {
  const file = join(mirror, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

const jsonl = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
const alpaca = (i: number): object => ({ instruction: `Say ${i}.`, input: "", output: `It is ${i}.` });
const source = (from: string, more: Partial<SourceSpec> = {}): SourceSpec => ({ from, weight: 1, ...more });
const mix = (...sources: SourceSpec[]): MixtureSpec => ({ sources, validation: 0, template: "zephyr" });

/** All documents of a side as texts. */
const said = ({ sources }: { sources: readonly { documents: { ids: Int32Array; starts: Int32Array } }[] }): string[] =>
  sources.flatMap(({ documents: { ids, starts } }) =>
    Array.from({ length: starts.length - 1 }, (_, i) => tokenizer.decode(ids.subarray(starts[i], starts[i + 1]))),
  );

describe("a mixture is opened", () => {
  it("from files of every kind, each with its form", async () => {
    const stories = toyStories({ seed: 1, count: 3 });
    write("stories/train.txt", stories.join("\n<|endoftext|>\n"));
    write(
      "org/talk/data/train_sft-0.jsonl",
      jsonl([
        {
          messages: [
            { role: "user", content: "q" },
            { role: "assistant", content: "a" },
          ],
        },
      ]),
    );
    write("org/talk/data/test_sft-0.jsonl", jsonl([{ messages: [] }]));
    const table = parquetWriteBuffer({ columnData: [{ name: "textbook", data: ["One.", "Two."], type: "STRING" }] });
    write("books/a.parquet", new Uint8Array(table));
    const lone = write("lone.json", JSON.stringify([alpaca(1)]));
    const opened = await openMixture(
      mix(
        source("stories"),
        source("org/talk", { split: "train_sft" }),
        source("books", { form: { kind: "text", column: "textbook" } }),
        source(lone, { weight: 2 }),
      ),
      options,
    );
    expect(said(opened.train)).toEqual([
      ...stories,
      "<|user|>\nq<|end|>\n<|assistant|>\na<|end|>\n",
      "One.",
      "Two.",
      "<|user|>\nSay 1.<|end|>\n<|assistant|>\nIt is 1.<|end|>\n",
    ]);
    expect(opened.sources.map(({ from, files, form, rows }) => [from, files, form.kind, rows])).toEqual([
      ["stories", ["train.txt"], "text", 3],
      ["org/talk", ["train_sft-0.jsonl"], "messages", 1],
      ["books", ["a.parquet"], "text", 2],
      [lone, ["lone.json"], "alpaca", 1],
    ]);
    expect(opened.train.sources.map(({ weight }) => weight)).toEqual([1, 1, 1, 2]);
    expect(opened.boundary).toBe(259);
    expect(opened.sources[0].sha256).toBe(corpusHash(stories));
  });

  it("with the documents held back that a corpus would hold back, whatever the template", async () => {
    write("a/train.jsonl", jsonl(toyStories({ seed: 2, count: 60 }).map((text) => ({ text }))));
    write("b/train.jsonl", jsonl(Array.from({ length: 60 }, (_, i) => alpaca(i))));
    const spec: MixtureSpec = { ...mix(source("a"), source("b")), validation: 0.3 };
    const opened = await openMixture(spec, options);
    const held = toyStories({ seed: 2, count: 60 }).filter((text) => isHeldOut(textHash(text), 0.3));
    expect(said({ sources: opened.validation.sources.slice(0, 1) })).toEqual(held);
    for (const { documents } of opened.sources) {
      expect(documents.train + documents.validation).toBe(60);
      expect(documents.validation).toBeGreaterThan(5);
    }
    const chatml = await openMixture({ ...spec, template: "chatml" }, options);
    expect(chatml.sources).toEqual(opened.sources);
    expect(said(chatml.train)).not.toEqual(said(opened.train));
    expect((await openMixture({ ...spec, validation: 0 }, options)).validation.sources).toEqual([]);
  });

  it("with so many rows as are asked for, and no file behind them", async () => {
    write("a/0.jsonl", jsonl([alpaca(0), alpaca(1), alpaca(2)]));
    write("a/1.jsonl", "broken");
    const { sources } = await openMixture(mix(source("a", { rows: 2 })), options);
    expect(sources[0]).toMatchObject({ rows: 2, files: ["0.jsonl"], documents: { train: 2, validation: 0 } });
  });

  it("with the model's own template where none is named", async () => {
    write("a/train.jsonl", jsonl([alpaca(7)]));
    const template = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}";
    const spec: MixtureSpec = { sources: [source("a")], validation: 0 };
    expect(said((await openMixture(spec, { ...options, template })).train)).toEqual([
      "[user]Say 7.[assistant]It is 7.",
    ]);
    await expect(openMixture(spec, options)).rejects.toThrow(/no chat template.*\(.*train\.jsonl:1\)/);
  });

  it("and drawn from again after a restart, to the same batches", async () => {
    write("a/train.jsonl", jsonl(toyStories({ seed: 3, count: 20 }).map((text) => ({ text }))));
    write("b/train.jsonl", jsonl(Array.from({ length: 9 }, (_, i) => alpaca(i))));
    const spec = mix(source("a"), source("b", { weight: 2 }));
    const packing = { batch: 2, length: 64, boundary: 259 };
    const whole = mixtureBatches((await openMixture(spec, options)).train, packing, startCursor(1));
    const cursor = Array.from({ length: 10 }, () => whole.next().value).at(-1)!.cursor;
    const resumed = mixtureBatches((await openMixture(spec, options)).train, packing, cursor);
    for (let i = 0; i < 10; i++) expect(resumed.next().value).toEqual(whole.next().value);
  });
});

describe("sources on the hub", () => {
  it("are fetched file by file, once, and then found without it", async () => {
    const texts = toyStories({ seed: 4, count: 4 });
    const hub = await startHub({
      "org/set": {
        "README.md": "x",
        "data/train-00000-of-00002.jsonl": jsonl(texts.slice(0, 2).map((text) => ({ text }))),
        "data/train-00001-of-00002.jsonl": jsonl(texts.slice(2).map((text) => ({ text }))),
        "data/test-00000-of-00001.jsonl": jsonl([{ text: "test" }]),
      },
    });
    vi.stubEnv("HF_ENDPOINT", hub.url);
    const some = mix(source("org/set", { rows: 2 }));
    expect(said((await openMixture(some, options)).train)).toEqual(texts.slice(0, 2));
    expect(hub.requests.map(({ path }) => path.split("/").at(-1))).toEqual([
      "main?blobs=true",
      "train-00000-of-00002.jsonl",
    ]);
    expect(said((await openMixture(mix(source("org/set")), options)).train)).toEqual(texts);
    const asked = hub.requests.length;
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    expect(said((await openMixture(mix(source("org/set")), options)).train)).toEqual(texts);
    expect(hub.requests).toHaveLength(asked);
    await expect(openMixture(mix(source("org/set", { split: "test" })), options)).rejects.toThrow(/OFFLINE/);
  });

  it("are completed from the commit at which they were listed", async () => {
    const hub = await startHub({ "org/set": { "train-0.jsonl": '{"text":"a"}\n', "train-1.jsonl": '{"text":"b"}\n' } });
    vi.stubEnv("HF_ENDPOINT", hub.url);
    await openMixture(mix(source("org/set", { rows: 1 })), options);
    expect(said((await openMixture(mix(source("org/set")), options)).train)).toEqual(["a", "b"]);
    const listed = hub.requests.map(({ path }) => /\/revision\/([^?]+)/.exec(path)?.[1]).filter(Boolean);
    expect(listed).toEqual(["main", "0123456789abcdef0123456789abcdef01234567"]);
  });

  it("are what a known corpus is, unless the mirror has it", async () => {
    const hub = await startHub({
      "roneneldan/TinyStories": {
        "TinyStories-train.txt": "a version of old",
        "TinyStories-valid.txt": "held back",
        "data/train-00000-of-00001-2d5a1467fff1081b.jsonl": jsonl([{ text: "published" }]),
        "data/validation-00000-of-00001-869c898b519ad725.jsonl": jsonl([{ text: "held back" }]),
      },
    });
    vi.stubEnv("HF_ENDPOINT", hub.url);
    expect(said((await openMixture(mix(source("tinystories")), options)).train)).toEqual(["published"]);
    write("tinystories/train.jsonl", jsonl([{ text: "mirrored" }]));
    write("tinystories/valid_v1_221.jsonl", jsonl([{ text: "held back" }]));
    expect(said((await openMixture(mix(source("tinystories")), options)).train)).toEqual(["mirrored"]);
  });

  it("are looked for in the mirror first", async () => {
    write("org/set/train.jsonl", jsonl([{ text: "mirrored" }]));
    expect(said((await openMixture(mix(source("org/set")), options)).train)).toEqual(["mirrored"]);
    rmSync(join(mirror, "org"), { recursive: true });
    await expect(openMixture(mix(source("org/set")), options)).rejects.toThrow(/127\.0\.0\.1/);
  });
});

describe("what cannot be opened is one error", () => {
  const open = (...sources: SourceSpec[]): Promise<unknown> => openMixture(mix(...sources), options);

  it("that names the file and the line of a bad row", async () => {
    write("a/train.jsonl", jsonl([alpaca(0), { instruction: "Say.", output: "" }, alpaca(1)]));
    await expect(open(source("a"))).rejects.toThrow(/no text in "output" \(.*a\/train\.jsonl:2\)/);
    const { sources } = await openMixture(mix(source("a", { blank: "skip" })), options);
    expect(sources[0]).toMatchObject({ rows: 3, skipped: 1, documents: { train: 2, validation: 0 } });
    write("b/train.jsonl", `${JSON.stringify(alpaca(0))}\n{"instruction":`);
    await expect(open(source("b", { blank: "skip" }))).rejects.toThrow(/no JSON \(.*b\/train\.jsonl:2\)/);
  });

  it("for a mixture without sources, rows or documents", async () => {
    await expect(open()).rejects.toThrow(/the mixture is empty/);
    write("a/train.jsonl", "\n");
    await expect(open(source("a"))).rejects.toThrow(/no rows \(a\)/);
    write("b/train.jsonl", jsonl([{ text: " " }]));
    await expect(open(source("b", { blank: "skip" }))).rejects.toThrow(/no documents \(b\)/);
  });

  it("for impossible numbers and unknown forms, before anything is read", () => {
    const check =
      (change: Partial<SourceSpec>): (() => void) =>
      () =>
        checkMixture(mix(source("nowhere", change)));
    for (const weight of [0, -2, Number.NaN]) expect(check({ weight })).toThrow(/weight is .* \(nowhere\)/);
    expect(check({ rows: 0.5 })).toThrow(/0.5 rows/);
    expect(check({ split: "../x" })).toThrow(/no split/);
    expect(check({ form: { kind: "messsages" } as unknown as SourceSpec["form"] })).toThrow(/Did you mean messages/);
    expect(() => checkMixture({ ...mix(source("x")), validation: 1 })).toThrow(/share for validation is 1/);
  });

  it("for a source, a split or a name that is not there", async () => {
    write("a/train.jsonl", jsonl([alpaca(0)]));
    await expect(open(source("tinystoris"))).rejects.toThrow(/no data "tinystoris".*Did you mean tinystories/);
    await expect(open(source("cindr"))).rejects.toThrow(/Did you mean cinder\?/);
    await expect(open(source("differential-liquid-metal"))).rejects.toThrow(/a whole mixture: give its name alone/);
    await expect(open(source("./none.jsonl"))).rejects.toThrow(/no data ".\/none.jsonl"/);
    await expect(open(source("a", { split: "test" }))).rejects.toThrow(
      /no files of the split "test" \(a\).*train\.jsonl/,
    );
    await expect(openMixture({ ...mix(source("a")), template: "zefyr" }, options)).rejects.toThrow(
      /Did you mean zephyr/,
    );
    expect(() => namedMixture("differential-liquid-metl")).toThrow(/Did you mean differential-liquid-metal/);
    expect(() => boundaryOf({ ...tokenizer, special: {} })).toThrow(/no token that stands between documents/);
  });
});

describe("known data that cannot be had is one error", () => {
  const open = (from: string): Promise<unknown> => openMixture(mix(source(from)), options);

  it("that says what is not published, and where it is to be put", async () => {
    const cinder = openMixture(namedMixture("cinder"), options);
    await expect(cinder).rejects.toThrow(
      /"cinder" is not on this machine, and it is not known to be published anywhere \(KINTSUGI_MIRROR is .*cinder\/train\.jsonl.*Put it there/,
    );
    vi.stubEnv("KINTSUGI_MIRROR", "");
    await expect(open("cinder")).rejects.toThrow(/\(KINTSUGI_MIRROR is not set\)/);
  });

  it("that recommends nothing which cannot be learnt from", async () => {
    await expect(open("nowhere")).rejects.toThrow(/a data set of the hub such as org\/name, or tinystories$/);
    const wiki =
      /^wikitext2 has no rows of the split "train": it is WikiText-2 raw, the test split.*such as tinystories$/;
    await expect(open("wikitext2")).rejects.toThrow(wiki);
    write("wikitext2/test.tokens.txt", "a page");
    await expect(open("wikitext2")).rejects.toThrow(/no files of the split "train" \(wikitext2\).*test\.tokens\.txt/);
  });
});

describe("named mixtures", () => {
  it("are possible, and of nine sources what the card names", () => {
    for (const spec of Object.values(namedMixtures)) checkMixture(spec);
    expect(namedMixture("differential-liquid-metal").sources.map(({ from }) => from.split("/")[1])).toEqual([
      "ultrachat_200k",
      "OpenOrca",
      "OpenOrca-Step-by-step-reasoning",
      "tiny-orca-textbooks",
      "cosmopedia-100k",
      "Open-Platypus",
      "tiny-textbooks",
      "openhermes",
      "NASA_Complete",
    ]);
  });

  it("come from a mirror", async () => {
    write("cinder/train.jsonl", jsonl([{ system: "You are Cinder.", user: "Who?", assistant: "Cinder." }]));
    const { train } = await openMixture({ ...namedMixture("cinder"), validation: 0 }, options);
    expect(said(train)).toEqual([
      "<|system|>\nYou are Cinder.<|end|>\n<|user|>\nWho?<|end|>\n<|assistant|>\nCinder.<|end|>\n",
    ]);
  });
});
