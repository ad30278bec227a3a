/** The harness's own numbers for a real model: every log-likelihood, every metric. */
import { describe, expect, it } from "vitest";
import type { Speaker } from "../generate/index.js";
import { load, requireTokenizer } from "../weights/index.js";
import { evaluateTask, type TaskResult } from "./evaluate.js";
import { type LanguageModelOptions, languageModel } from "./scoring/languageModel.js";
import type { LogLikelihood } from "./tasks/config.js";
import { hasReference, localTasks, reference, referenceSamples } from "./testing/reference.js";

/** Context of the references: 512 as an API's `max_length`, 510 as the Hugging Face backend's. */
const maxLength = 512;

const speaker = async (): Promise<Speaker> => {
  const { model, tokenizer } = await load("tinystories-656k");
  return { model, tokenizer: requireTokenizer("tinystories-656k", tokenizer) };
};

async function evaluated(task: string, options: LanguageModelOptions = {}): Promise<TaskResult> {
  const [config] = await localTasks([task]);
  const model = languageModel(await speaker(), { maxLength, ...options });
  return await evaluateTask(model, config, { samples: referenceSamples(), resamples: 100_000 });
}

const likelihoods = ({ samples }: TaskResult): number[][] =>
  samples.map(({ filtered }) =>
    filtered.map((answer) => (typeof answer === "number" ? answer : (answer as LogLikelihood).logLikelihood)),
  );

describe.skipIf(!hasReference)("a reference run", () => {
  it.each([
    "local_arc_easy",
    "local_piqa",
    "local_lambada_openai",
    "local_story_greedy",
    "local_wikitext",
    "local_blimp_anaphor_gender_agreement",
    "local_blimp_determiner_noun_agreement_1",
    "local_blimp_regular_plural_subject_verb_agreement_1",
    "local_blimp_wh_vs_that_with_gap",
  ])("%s", async (task) => {
    const right = reference()[task];
    const found = await evaluated(task);
    expect(found.documents.effective).toBe(right.n);
    const all = likelihoods(found);
    for (const [i, { ll, greedy }] of right.samples.entries()) {
      for (const [choice, value] of ll!.entries()) {
        // Whole pages add up to tens of thousands, which the references have summed in float32.
        const tolerance = task === "local_wikitext" ? 1e-7 * -value : 1e-3;
        expect(Math.abs(all[i][choice] - value)).toBeLessThanOrEqual(tolerance);
      }
      if (greedy === undefined) continue;
      expect(found.samples[i].filtered.map((answer) => (answer as LogLikelihood).greedy)).toEqual(greedy);
    }
    const sum = all.flat().reduce((total, value) => total + value, 0);
    expect(Math.abs(sum - right.ll_sum!)).toBeLessThanOrEqual(1e-6 * Math.abs(right.ll_sum!));
    for (const { metric, value, stderr } of found.metrics) {
      const expected = right.metrics[metric] as number;
      if (metric.startsWith("acc")) expect(value).toBe(expected);
      else expect(Math.abs(value / expected - 1)).toBeLessThanOrEqual(1e-4);
      const error = right.metrics[`${metric}_stderr`];
      if (error === "N/A") expect(stderr).toBeUndefined();
      else if (error === 0) expect(stderr).toBe(0);
      else expect(Math.abs(stderr! / error - 1)).toBeLessThanOrEqual(metric.startsWith("acc") ? 1e-12 : 1e-4);
    }
  });

  it("local_generate: the same texts", async () => {
    const found = await evaluated("local_generate");
    const texts = reference().local_generate.samples.map(({ text }) => text);
    expect(found.samples.slice(0, texts.length).map(({ filtered: [text] }) => text)).toEqual(texts);
    expect(found.metrics.map(({ value, stderr }) => [value, stderr])).toEqual([[0, 0]]);
  });
});
