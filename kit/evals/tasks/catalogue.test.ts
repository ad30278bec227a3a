/** Task files that are wrong, and groups that say something for their tasks. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../source/testing/folder.js";
import { hellaswagDocs } from "../shipped/functions.js";
import { isGroup, selectTasks, taskNames, tasksOf } from "./catalogue.js";
import type { TaskConfig } from "./config.js";

/** A folder of files in the harness's format. */
function folder(files: { readonly [name: string]: readonly string[] }): string {
  const path = temporaryFolder();
  for (const [name, lines] of Object.entries(files)) writeFileSync(join(path, `${name}.yaml`), `${lines.join("\n")}\n`);
  return path;
}

async function tasksIn(
  name: string,
  files: { readonly [name: string]: readonly string[] },
): Promise<readonly TaskConfig[]> {
  return (await selectTasks([name], { include: [folder(files)] })).tasks;
}

const own = ["task: own", "dataset_path: json", "test_split: test"];

describe("a task file", () => {
  it.each<[string, string]>([
    ["filter_list: foo", 'filter_list is "foo" (FILE:4): expected a list'],
    ["filter_list: [{ name: a }]", "filter_list[0].filter is missing (FILE:4): expected a list"],
    ["filter_list: [{ name: a, filter: [{ k: 1 }] }]", "filter_list[0].filter[0].function is missing (FILE:4)"],
    ["description: 5", "description is 5 (FILE:4): expected a text"],
    ["process_docs: x", 'process_docs is "x" (FILE:4): expected a function'],
    ["process_results: x", 'process_results is "x" (FILE:4): expected a function'],
    ["repeats: 0", "repeats is 0 (FILE:4): expected a whole number from 1"],
    ["num_fewshot: -1", "num_fewshot is -1 (FILE:4): expected a whole number from 0"],
    ['fewshot_config: "x"', 'fewshot_config is "x" (FILE:4): expected an object'],
    ["fewshot_config: { smapler: first_n }", "There is no field fewshot_config.smapler (FILE:4)"],
    ["generation_kwargs: 3", "generation_kwargs is 3 (FILE:4): expected an object"],
    ["generation_kwargs: { num_beams: 4 }", "generation_kwargs.num_beams is 4, which is not done here (FILE:4)"],
    ["generation_kwargs: { max_gen_toks: x }", 'generation_kwargs.max_gen_toks is "x" (FILE:4): expected a whole'],
    ["metric_list: [acc]", 'metric_list[0] is "acc" (FILE:4): expected an object'],
    ["metric_list: [{ metric: acc, higher_is_better: 1 }]", "metric_list[0].higher_is_better is 1 (FILE:4)"],
    ["doc_to_choice: [no, yes]", "doc_to_choice is [false,true] (FILE:4): expected a text, a list of texts"],
    ["output_type: choice", 'output_type is "choice" (FILE:4): expected "loglikelihood" or'],
    [
      "dataset_kwargs: { data_fils: { test: a.jsonl } }",
      "dataset_kwargs.data_fils is not done here (FILE:4): expected nothing but data_files with json. Did you mean data_files?",
    ],
    ["dataset_kwargs: { split: test }", "dataset_kwargs.split is not done here (FILE:4)"],
    ["metadata: 1", "metadata is 1 (FILE:4): expected an object"],
    ["num_fewshoot: 2", 'a task has no field "num_fewshoot" (FILE:4)'],
  ])("with %s is told of with its line", async (line, message) => {
    const include = folder({ own: [...own, line] });
    const error = await selectTasks(["own"], { include: [include] }).catch(String);
    expect(error).toContain(message.replace("FILE", join(include, "own.yaml")));
  });

  it("whose data set is no name is told of", async () => {
    await expect(tasksIn("own", { own: ["task: own", "dataset_path: 5"] })).rejects.toThrow(
      /dataset_path is 5 \(.*own\.yaml:2\): expected a text/,
    );
  });

  it("may ask the hub for a revision, but for no other files", async () => {
    const hub = ["task: own", "dataset_path: org/set"];
    const kwargs = "{ revision: v1, trust_remote_code: true, data_dir: null }";
    const [config] = await tasksIn("own", { own: [...hub, `dataset_kwargs: ${kwargs}`] });
    expect(config.dataset_kwargs).toMatchObject({ revision: "v1" });
    await expect(tasksIn("own", { own: [...hub, "dataset_kwargs: { data_files: a.jsonl }"] })).rejects.toThrow(
      /data_files is not done here \(.*own\.yaml:3\): expected nothing but revision of a data set on the hub.*json or parquet/,
    );
  });

  it("may leave fields empty", async () => {
    const [config] = await tasksIn("own", { own: [...own, "description:", "fewshot_split: null", "num_fewshot: 0"] });
    expect([config.description, config.fewshot_split, config.num_fewshot]).toEqual([undefined, undefined, 0]);
  });
});

it("is named beside the kit's own tasks, with its tag", () => {
  const include = [folder({ own: [...own, "tag: mine"] })];
  expect(taskNames({ include })).toEqual([...taskNames(), "mine", "own"].sort());
});

describe("a folder of task files", () => {
  const shared = ["dataset_path: json", "test_split: test"];

  it("may hold fields that others include, and a file that is broken: neither is a task, nor in the way of one", async () => {
    const files = {
      _base: shared,
      own: ["include: _base.yaml", "task: own"],
      broken: ["task: [a", "b: {"],
      list: ["- a"],
    };
    const include = [folder(files)];
    expect(taskNames({ include })).toEqual([...taskNames(), "own"].sort());
    const { tasks } = await selectTasks(["own", "toy_pairs"], { include });
    expect(tasks.map(({ task, test_split }) => [task, test_split])).toEqual([
      ["own", "test"],
      ["toy_pairs", "test"],
    ]);
  });

  it.each<[string, readonly string[], RegExp]>([
    ["a misspelt field", ["taks: mine", ...shared], /left out: the file has neither a task nor a group \(.*a\.yaml\)/],
    ["wrong YAML", ["task: mine", "metric_list: [acc"], /left out: this is no task file: .*\(.*a\.yaml:3/],
    ["another that it includes and that is not there", ["include: gone.yaml", "task: mine"], /left out: .*gone\.yaml/],
  ])("tells of a file with %s when its task is asked for", async (_, lines, message) => {
    await expect(tasksIn("mine", { a: lines })).rejects.toThrow(/there is no task "mine".*a\.yaml, which is /s);
    await expect(tasksIn("mine", { a: lines })).rejects.toThrow(message);
    await expect(tasksIn("g", { a: lines, g: ["group: g", "task: [mine]"] })).rejects.toThrow(message);
    // Nor is it taken for what it does not name.
    await expect(tasksIn("toy_pears", { a: lines })).rejects.toThrow(
      /there is no task "toy_pears".*mean toy_pairs\?$/s,
    );
  });

  it("has files that can be asked for by their paths, each with its own error", async () => {
    const path = join(folder({ _base: shared }), "_base.yaml");
    await expect(selectTasks([path])).rejects.toThrow(/^the file has neither a task nor a group \(.*_base\.yaml\)/);
  });
});

describe("a function of a task file", () => {
  const lines = [...own, "process_docs: !function utils.process_docs"];

  it("is one of the kit's own by its name", async () => {
    const [config] = await tasksIn("own", {
      own: [...own, "process_docs: !function kintsugi.hellaswagDocs"],
    });
    expect(config.process_docs).toBe(hellaswagDocs);
  });

  it("is an export of the module beside the file", async () => {
    const include = folder({ own: lines });
    writeFileSync(join(include, "utils.mjs"), "export const process_docs = (docs) => docs.slice(0, 1);");
    const { tasks } = await selectTasks(["own"], { include: [include] });
    expect(tasks[0].process_docs?.([{ a: 1 }, { a: 2 }])).toEqual([{ a: 1 }]);
  });

  it("that is nowhere is told of with what to do", async () => {
    await expect(tasksIn("own", { own: lines })).rejects.toThrow(
      /the function utils\.process_docs is not to be had \(.*own\.yaml:4\): expected utils\.mjs beside the file, with process_docs among its exports.*kintsugi\.hellaswagDocs/s,
    );
  });
});

describe("a group", () => {
  it.each<[readonly string[], RegExp]>([
    [["task: [null]"], /task\[0\] is null \(.*g\.yaml:2\): expected an object/],
    [["group_alias: G"], /task is missing/],
    [
      ["task: [toy_pairs]", "aggregate_metric_lst: [{ metric: acc }]"],
      /a group has no field "aggregate_metric_lst" \(.*g\.yaml:3\).*mean aggregate_metric_list/s,
    ],
    [["task: [toy_pairs]", "num_fewshoot: 2"], /no field "num_fewshoot" \(.*g\.yaml:3\).*mean num_fewshot/s],
    [["task: [{ task: toy_pairs, num_fewshoot: 2 }]"], /no field "num_fewshoot" \(.*g\.yaml:2\)/],
    [["task: [toy_pairs]", "num_fewshot: many"], /num_fewshot is "many" \(.*g\.yaml:3\)/],
    [["task: [{ num_fewshot: 2 }]"], /a member of the group has no name \(.*g\.yaml:2\)/],
    [["task: [toy_pears]"], /no task "toy_pears" \(.*g\.yaml:2\).*mean toy_pairs/s],
    [
      ["task: [toy_pairs]", "aggregate_metric_list: [{ metric: acc, aggregation: median }]"],
      /aggregate_metric_list\.?\[0\]\.aggregation is "median" \(.*g\.yaml:3\): expected "mean"/,
    ],
  ])("with %j is told of with its line", async (lines, message) => {
    await expect(tasksIn("g", { g: ["group: g", ...lines] })).rejects.toThrow(message);
  });

  it("that contains itself is told of with the way there", async () => {
    const files = { a: ["group: a", "task: [b]"], b: ["group: b", "task: [{ group: c, task: [a] }]"] };
    await expect(tasksIn("a", files)).rejects.toThrow("the group contains itself (a → b → a)");
  });

  it("says for its tasks what they do not say in it: the outer one wins, a member's own fields over both", async () => {
    const files = {
      g: ["group: g", "num_fewshot: 1", "task:", "  - h", "  - { task: own, num_fewshot: 3, task_alias: mine }"],
      h: ["group: h", "num_fewshot: 2", "description: Before.", "task: [toy_pairs]"],
      own,
    };
    const { tasks, groups } = await selectTasks(["g"], { include: [folder(files)] });
    expect(
      tasks.map(({ task, num_fewshot, description, task_alias }) => [task, num_fewshot, description, task_alias]),
    ).toEqual([
      ["toy_pairs", 1, "Before.", undefined],
      ["own", 3, undefined, "mine"],
    ]);
    expect(groups.map((group) => [group.name, group.members.filter(isGroup).map(({ name }) => name)])).toEqual([
      ["g", ["h"]],
    ]);
    expect(tasksOf(groups[0])).toHaveLength(2);
  });

  it("may name a tag with fields for its tasks, which keep their names", async () => {
    const files = {
      g: ["group: g", "task: [{ task: pair, num_fewshot: 2 }]"],
      x: ["task: x", "tag: pair"],
      y: ["task: y", "tag: [pair]"],
    };
    const tasks = await tasksIn("g", files);
    expect(tasks.map(({ task, num_fewshot }) => [task, num_fewshot])).toEqual([
      ["x", 2],
      ["y", 2],
    ]);
  });
});
