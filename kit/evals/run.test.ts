/** A real model, tasks that need no download, from weights to records. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Speaker } from "../generate/index.js";
import { weightsHash } from "../lab/models.js";
import { init, liquid } from "../model/index.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { load, requireTokenizer } from "../weights/index.js";
import { rightTexts } from "./metrics/results.js";
import { readEvalRecord, recordEvaluation, taskSpec } from "./record.js";
import { table } from "./results/table.js";
import { type EvalProgress, type Evaluation, run } from "./run.js";

let speaker: Speaker;

beforeAll(async () => {
  const { model, tokenizer } = await load("pico");
  speaker = { model, tokenizer: requireTokenizer("pico", tokenizer) };
});

describe("toy_pairs on the sample model", () => {
  it("shows that it has learned its stories, alike in batches of any size", async () => {
    const said: EvalProgress[] = [];
    const progress = (each: EvalProgress) => void said.push(each);
    const evaluation = await run(speaker, ["toy_pairs"], { limit: 120, progress });
    const [{ metrics, samples, documents }] = evaluation.tasks;
    expect(documents).toEqual({ original: 400, effective: 120 });
    const [{ metric, value, stderr }] = metrics;
    expect(metric).toBe("acc");
    // By chance it would be right in 66 of 120 at most, 19 times of 20.
    expect(value).toBeGreaterThan(0.65);
    expect(stderr).toBeCloseTo(Math.sqrt((value * (1 - value)) / 119), 12);
    expect(said.at(-1)).toMatchObject({ task: "toy_pairs", done: 0, tasks: 1 });
    expect(said.at(-1)?.scored).toBe(said.at(-1)?.total);

    const small = await run(speaker, ["toy_pairs"], { limit: 120, batchSize: 3 });
    expect(small.tasks[0].samples.map(({ metrics }) => metrics)).toEqual(samples.map(({ metrics }) => metrics));
  });

  it("refuses a longest sequence that the model cannot read, before anything is computed", async () => {
    await expect(run(speaker, ["toy_pairs"], { maxLength: 257 })).rejects.toThrow(
      /the longest sequence is 257 \(maxLength\): expected at most 256/,
    );
  });

  it("marks a model that sees the future", async () => {
    const leaky = { ...speaker, model: init(liquid(speaker.model.config, { pool: { kind: "sequence" } }), 0) };
    await expect(run(leaky, ["toy_pairs"])).rejects.toThrow(/Evaluating is refused/);
    const evaluation = await run(leaky, ["toy_pairs"], { limit: 2, allowLeak: true });
    expect(table(evaluation)).toContain("|toy_pairs (leaks)|");
    const root = temporaryFolder();
    const [{ path }] = await recordEvaluation(evaluation, root);
    expect(readEvalRecord(path).header.leaks).toBe(true);
  });

  it("is kept as a record, once, without a path of this machine", async () => {
    const root = temporaryFolder();
    const evaluation = await run(speaker, ["toy_pairs"], { limit: 8, name: "a/pico" });
    const [{ path, written }] = await recordEvaluation(evaluation, root);
    expect(written).toBe(true);
    expect(relative(root, path)).toMatch(/^a__pico.toy_pairs\.[0-9a-f]{8}\.jsonl$/);
    const { header, documents, footer } = readEvalRecord(path);
    expect(header.spec).toMatchObject({ weights: weightsHash(speaker.model), task: { name: "toy_pairs", version: 1 } });
    expect(documents.ids).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    const right = documents.values["acc,none"] as readonly number[];
    expect(right.reduce((sum, value) => sum + value, 0) / 8).toBe(footer.metrics[0].value);
    expect(readFileSync(path, "utf8")).not.toContain(dirname(root));

    const [{ config, shots }] = evaluation.tasks;
    const described = { ...config, metadata: { ...config.metadata, config_source: path, description: "words" } };
    expect(taskSpec({ config: described, shots })).toEqual(header.spec.task);

    const before = readFileSync(path, "utf8");
    const again = await run(speaker, ["toy_pairs"], { limit: 8, name: "a/pico", batchSize: 2 });
    expect(await recordEvaluation(again, root)).toEqual([{ path, written: false }]);
    expect(readFileSync(path, "utf8")).toBe(before);
    const other = await run(speaker, ["toy_pairs"], { limit: 9, name: "a/pico" });
    expect((await recordEvaluation(other, root))[0].path).not.toBe(path);
    expect(readdirSync(join(root, "a__pico"))).toHaveLength(2);

    const { normEps } = speaker.model.config;
    const edited = {
      ...speaker,
      model: { ...speaker.model, config: { ...speaker.model.config, normEps: 100 * normEps } },
    };
    const changed = await run(edited, ["toy_pairs"], { limit: 8, name: "a/pico" });
    const [apart] = await recordEvaluation(changed, root);
    expect(apart.written).toBe(true);
    const specs = [path, apart.path].map((each) => readEvalRecord(each).header.spec);
    expect(specs[0].configuration).not.toBe(specs[1].configuration);
    expect(specs[0].weights).toBe(specs[1].weights);

    // The first records do not say their configuration, and stay where they are as they are.
    const first = temporaryFolder();
    const unsaid = { ...evaluation, model: { ...evaluation.model, configuration: undefined } };
    const [old] = await recordEvaluation(unsaid, first);
    expect(await recordEvaluation(evaluation, first)).toEqual([{ path: old.path, written: false }]);

    writeFileSync(path, before.replace('"shots":0', '"shots":1'));
    expect(() => readEvalRecord(path)).toThrow(/not the one its name says/);
    writeFileSync(path, before.slice(0, 300));
    expect(() => readEvalRecord(path)).toThrow(/no record of an evaluation/);
  });
});

describe("a task of one's own", () => {
  const task = [
    "task: own",
    "dataset_path: json",
    "dataset_kwargs: { data_files: { test: rows.jsonl } }",
    "test_split: test",
    "output_type: loglikelihood",
    'doc_to_text: "{{text}}"',
    'doc_to_target: "{{end}}"',
  ];

  /** A folder with the task, and its rows. */
  function own(rows: readonly object[], lines: readonly string[] = task): string {
    const folder = join(temporaryFolder(), "tasks");
    mkdirSync(folder);
    writeFileSync(join(folder, "own.yaml"), `${lines.join("\n")}\n`);
    writeFileSync(join(folder, "rows.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    return folder;
  }

  const good = [{ text: "One", end: " two" }];

  it("leaves out, and says so, where a continuation has no token of its own", async () => {
    const said: string[] = [];
    const rows = [
      { text: "Once upon a time there was a", end: " dog" },
      { text: "Once upon a time there was a", end: "" },
    ];
    const { tasks } = await run(speaker, ["own"], { include: [own(rows)], say: (message) => void said.push(message) });
    expect(tasks[0].leftOut).toEqual([1]);
    expect(tasks[0].documents).toEqual({ original: 2, effective: 1 });
    expect(said).toEqual([expect.stringMatching(/^own: 1 of 2 documents are left out/)]);
  });

  it.each<[string, readonly object[], readonly string[], RegExp]>([
    [
      "a missing file",
      good,
      [...task, "fewshot_split: x"].map((line) => line.replace("rows", "gone")),
      /there is no .*gone\.jsonl/,
    ],
    [
      "another schema",
      [{ words: "One" }],
      task,
      /^task own: document 0: .*text is undefined.*doc_to_text.*columns among words/s,
    ],
    ["an empty document", [{ text: "One", end: " two" }, {}], task, /the document is empty.*rows\.jsonl:2/s],
    ["no document", [], task, /there are no documents in it/],
    [
      "a continuation too long",
      [...good, { text: "a", end: " big dog".repeat(400) }],
      task,
      /^task own: document 1: a continuation has \d+ tokens.*at most 254/s,
    ],
    ["a wrong line", good, [...task, "metric_list: [acc"], /no task file.*own\.yaml:9/s],
    ["an unknown field", good, [...task, "doc_to_txt: x"], /no field "doc_to_txt".*own\.yaml:8.*mean doc_to_text/s],
    [
      "a filter of texts",
      good,
      [...task, "filter_list: [{ name: low, filter: [{ function: lowercase }] }]"],
      /the filter low leaves no log-likelihood \(task own\).*take_first/,
    ],
    ["no filter", good, [...task, "filter_list: []"], /filter_list is \[\] \(.*own\.yaml:8\).*at least one/],
    ["an unknown metric", good, [...task, "metric_list: [{ metric: bleu }]"], /no metric "bleu" for loglikelihood/],
  ])("with %s is one clear error", async (_, rows, lines, message) => {
    await expect(run(speaker, ["own"], { include: [own(rows, lines)] })).rejects.toThrow(message);
  });

  it("that writes one of its choices has the choice's number for a target", async () => {
    const writing = (target: string): readonly string[] => [
      ...task.slice(0, 4),
      ...[
        "output_type: generate_until",
        'doc_to_text: "{{text}}"',
        "doc_to_choice: ['A', 'B']",
        `doc_to_target: ${target}`,
      ],
      "generation_kwargs: { max_gen_toks: 1 }",
    ];
    const rows = [{ text: "One", answer: "B", number: 1, last: -1, none: 2 }];
    const targetOf = async (field: string) => {
      const { tasks } = await run(speaker, ["own"], { include: [own(rows, writing(field))] });
      return rightTexts(tasks[0].config, tasks[0].samples[0].doc);
    };
    expect([await targetOf("number"), await targetOf("last")]).toEqual([["B"], ["B"]]);
    await expect(targetOf("answer")).rejects.toThrow(
      /^task own: document 0: the target is "B": expected the number of one of the 2 choices/,
    );
    await expect(targetOf("none")).rejects.toThrow(/the target is 2/);
  });

  it("tells what its numbers do not say, before they are there", async () => {
    const said: string[] = [];
    const say = (message: string) => void said.push(message);
    const writing = [...task.slice(0, 4), "output_type: generate_until", ...task.slice(5), "num_fewshot: 0"];
    const notes = async (more: string, fewshot?: number): Promise<readonly string[]> => {
      said.length = 0;
      await run(speaker, ["own"], { include: [own(good, [...writing, `generation_kwargs: ${more}`])], say, fewshot });
      return said;
    };
    expect(await notes("{ max_gen_toks: 1, temperature: 0.7, do_sample: true }", 0)).toEqual([]);
    expect(await notes("{ max_gen_toks: 1, do_sample: true }")).toEqual([
      expect.stringMatching(/^own: the best tokens are taken.*Hugging Face backend refuses it$/),
    ]);
    expect(await notes("{ max_gen_toks: 1, do_sample: false, temperature: 0.7 }", 3)).toEqual([
      expect.stringMatching(/^own: no examples are shown, since the task itself says 0/),
      expect.stringMatching(/^own: tokens are drawn at temperature 0\.7.*takes the best tokens$/),
    ]);
  });

  it("with one choice is one clear error", async () => {
    const lines = [...task, 'doc_to_choice: ["{{end}}"]'].map((line) =>
      line.replace("loglikelihood", "multiple_choice"),
    );
    await expect(run(speaker, ["own"], { include: [own(good, lines)] })).rejects.toThrow(/has 1 choice/);
  });

  it("that there is not is told with the nearest name", async () => {
    await expect(run(speaker, ["toy_pears"])).rejects.toThrow(/no task "toy_pears".*Did you mean toy_pairs/s);
    await expect(run(speaker, [])).rejects.toThrow(/no tasks are named/);
  });
});

describe("tasks one after the other", () => {
  it("are told of as they end, so that they can be kept; a signal stops before the next", async () => {
    const ended: Evaluation[] = [];
    const stop = new AbortController();
    const options = {
      limit: 2,
      signal: stop.signal,
      ended: (task: Evaluation) => {
        ended.push(task);
        stop.abort(new Error("enough"));
      },
    };
    const running = run(speaker, ["toy_pairs", "piqa"], options);
    await expect(running).rejects.toThrow("enough");
    expect(ended.map(({ tasks }) => tasks.map(({ config }) => config.task))).toEqual([["toy_pairs"]]);
    const [{ path }] = await recordEvaluation(ended[0], temporaryFolder());
    expect(readEvalRecord(path).documents.ids).toEqual([0, 1]);
  });
});

describe("which documents", () => {
  it("is a number, a share or a list", async () => {
    const ids = async (options: Parameters<typeof run>[2]) =>
      (await run(speaker, ["toy_pairs"], options)).tasks[0].samples.map(({ id }) => id);
    expect(await ids({ limit: 3 })).toEqual([0, 1, 2]);
    expect(await ids({ limit: 0.011 })).toEqual([0, 1, 2, 3, 4]);
    expect(await ids({ samples: { toy_pairs: [9, 4] } })).toEqual([4, 9]);
    await expect(ids({ limit: 0 })).rejects.toThrow(/the limit is 0/);
    await expect(ids({ samples: { toy_pairs: [400] } })).rejects.toThrow(/no document 400.*0 to 399/s);
  });
});
