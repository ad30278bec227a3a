/** Examples of one's own task that draws from the very documents it asks about. */
import { describe, expect, it } from "vitest";
import { questions } from "../evaluate.js";
import type { TaskConfig } from "../tasks/config.js";

/** A task of five questions, or of fewer that differ. */
function task(own: Partial<TaskConfig> = {}, texts: readonly string[] = ["a", "b", "c", "d", "e"]): TaskConfig {
  return {
    task: "own",
    custom_dataset: () => ({ test: async () => texts.map((text) => ({ text })) }),
    test_split: "test",
    fewshot_split: "test",
    output_type: "loglikelihood",
    doc_to_text: "Q{{text}}",
    doc_to_target: "A{{text}}",
    ...own,
  };
}

/** What is shown in front of each question, by question. */
async function shown(config: TaskConfig, fewshot: number): Promise<readonly (readonly [string, string])[]> {
  const { items } = await questions(config, { fewshot });
  return items.map(({ doc, requests: [request] }) => [
    String(doc.text),
    request.kind === "loglikelihood" ? request.context : "",
  ]);
}

describe.each(["default", "first_n"])("examples drawn from the questions themselves, %s", (sampler) => {
  const config = task({ fewshot_config: { sampler } });

  it("never show a question with its own answer, up to all the others", async () => {
    for (const [text, context] of await shown(config, 4)) {
      const others = [...context.matchAll(/A(\w)/g)].map(([, other]) => other);
      expect(others.sort()).toEqual(["a", "b", "c", "d", "e"].filter((each) => each !== text));
    }
  });

  it("are too few where every document would be needed, the question included", async () => {
    await expect(shown(config, 5)).rejects.toThrow(
      /5 examples are asked for, and there are 5 documents to draw from, the question itself among them \(task own\)/,
    );
  });

  it("are too few where the others are the same question", async () => {
    const same = task({ fewshot_config: { sampler } }, ["a", "a", "b"]);
    await expect(shown(same, 2)).rejects.toThrow(/2 examples are asked for, and there are 3 documents/);
  });
});

it("examples from documents of their own may be all of these, and no more", async () => {
  const samples = [{ text: "x" }, { text: "y" }];
  const config = task({ fewshot_split: undefined, fewshot_config: { samples } });
  const [[, context]] = await shown(config, 2);
  expect([...context.matchAll(/A(\w)/g)].map(([, other]) => other).sort()).toEqual(["x", "y"]);
  await expect(shown(config, 3)).rejects.toThrow(/3 examples are asked for, and there are 2 documents to draw from \(/);
});
