/** What the shipped tasks ask about rows of our own making, and what they say to rows of another schema. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../source/testing/folder.js";
import { questions } from "../evaluate.js";
import type { Doc } from "../tasks/config.js";
import { wikitextResults } from "./functions.js";
import { shippedTasks } from "./tasks.js";

/** What a shipped task asks about rows in a file of their own. */
async function asked(task: string, file: string, rows: readonly Doc[]): Promise<readonly (readonly string[])[]> {
  const data = temporaryFolder();
  writeFileSync(join(data, file), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const config = shippedTasks.find((each) => each.task === task)!;
  const { items } = await questions(config, { data });
  return items.flatMap(({ requests }) =>
    requests.map((request) => {
      if (request.kind === "loglikelihood") return [request.context, request.continuation];
      return request.kind === "loglikelihood_rolling" ? [request.text] : [request.context];
    }),
  );
}

const rows: Readonly<Record<string, Doc>> = {
  hellaswag: {
    activity_label: "Mending bowls",
    ctx_a: "A bowl lies in two. [header] How to mend it [title] Take glue.",
    ctx_b: "the potter",
    endings: ["waits [step] a day.", "eats it."],
    label: "0",
  },
  winogrande: {
    sentence: "The jug did not fit the box because the _ was too wide.",
    option1: "jug",
    option2: "box",
    answer: "1",
  },
  copa: { premise: "The bowl broke.", question: "cause", choice1: "It fell.", choice2: "It shone.", label: 0 },
  openbookqa: {
    question_stem: "Gold mends",
    choices: { text: ["bowls", "rain"], label: ["A", "B"] },
    answerKey: " A",
  },
  piqa: { goal: "Mend a bowl", sol1: "Use gold.", sol2: "Use rain.", label: 0 },
};

const files: Readonly<Record<string, string>> = {
  hellaswag: "hellaswag_val.jsonl",
  winogrande: "winogrande_val.jsonl",
  copa: "copa_val.jsonl",
  openbookqa: "openbookqa_test.jsonl",
  piqa: "piqa_val.jsonl",
};

describe("a shipped task", () => {
  it.each<[string, readonly (readonly string[])[]]>([
    [
      "hellaswag",
      ["waits a day.", "eats it."].map((ending) => [
        "Mending bowls: A bowl lies in two. How to mend it. Take glue. The potter",
        ` ${ending}`,
      ]),
    ],
    [
      "winogrande",
      ["jug", "box"].map((option) => [`The jug did not fit the box because the ${option}`, " was too wide."]),
    ],
    [
      "copa",
      [
        ["The bowl broke because", "  it fell."],
        ["The bowl broke because", "  it shone."],
      ],
    ],
    [
      "openbookqa",
      [
        ["Gold mends", " bowls"],
        ["Gold mends", " rain"],
      ],
    ],
    ["piqa", ["Use gold.", "Use rain."].map((solution) => ["Question: Mend a bowl\nAnswer:", ` ${solution}`])],
  ])("%s asks", async (task, expected) => {
    expect(await asked(task, files[task], [rows[task]])).toEqual(expected);
  });

  it.each(Object.keys(rows))("%s names task, document, column and what there is, of another schema", async (task) => {
    const other = asked(task, files[task], [rows[task], { q: "x" }]);
    await expect(other).rejects.toThrow(new RegExp(`^task ${task}: document 1: .*there is q`, "s"));
  });

  it("winogrande wants a blank, hellaswag a list of endings", async () => {
    const whole = { ...rows.winogrande, sentence: "Nothing is missing." };
    await expect(asked("winogrande", files.winogrande, [whole])).rejects.toThrow(
      /^task winogrande: document 0: the column "sentence" is "Nothing is missing\.".*a blank/,
    );
    const one = { ...rows.hellaswag, endings: "eats it." };
    await expect(asked("hellaswag", files.hellaswag, [one])).rejects.toThrow(
      /document 0: the column "endings" is "eats it/,
    );
  });

  it("arc_easy wants prompts as they were published, where it gets prompts", async () => {
    const rows = ["Question: Why?\nAnswer:", "Why?"].map((query) => ({ query, choices: ["a", "b"], gold: 1 }));
    expect(await asked("arc_easy", "arc_easy_test.jsonl", rows.slice(0, 1))).toHaveLength(2);
    await expect(asked("arc_easy", "arc_easy_test.jsonl", rows)).rejects.toThrow(
      /^task arc_easy: document 1: a prompt is "Why\?"/,
    );
  });

  it("wikitext counts the words and bytes of the page as it was published", () => {
    expect(wikitextResults({ page: "Gold – mends ." }, [-7])).toEqual({
      word_perplexity: [-7, 4],
      byte_perplexity: [-7, 16],
      bits_per_byte: [-7, 16],
    });
    expect(() => wikitextResults({ text: "Gold" }, [-7])).toThrow(/no column "page".*there is text/);
  });
});
