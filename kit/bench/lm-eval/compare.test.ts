import { expect, it } from "vitest";
import * as evals from "../../evals/index.js";
import { sampleHashes } from "../../evals/results/samples.js";
import { temporaryFolder } from "../../source/testing/folder.js";
import { load, requireTokenizer } from "../../weights/index.js";
import { differences } from "./compare.js";
import { writeSentences } from "./sentences.js";

type Changes = { readonly text?: string; readonly logLikelihood?: number };

/** What the harness would have written of the same answers, but for changes to the first. */
function asTheirs({ samples }: evals.TaskResult, { text, logLikelihood }: Changes = {}): evals.HarnessSample[] {
  return samples.map((sample, i) => {
    const [[answer]] = sample.answers;
    const first = i === 0 ? { text, logLikelihood } : {};
    return {
      ...{ id: sample.id, ...sampleHashes(sample), pairs: [] },
      scores: typeof answer === "number" ? [{ logLikelihood: answer + (first.logLikelihood ?? 0) }] : [],
      texts: typeof answer === "string" ? [first.text ?? answer] : [],
    };
  });
}

it("tells texts that differ, and log-likelihoods of long texts that are off by more than rounding", async () => {
  const { model, tokenizer } = await load("pico");
  const speaker = { model, tokenizer: requireTokenizer("pico", tokenizer) };
  const options = { limit: 3, decoding: "graph" } as const;
  const [sentences] = (await evals.run(speaker, [writeSentences(temporaryFolder())], options)).tasks;
  const [{ value, stderr }] = sentences.metrics;
  const theirs = { "exact_match,none": value, "exact_match_stderr,none": stderr };
  expect(differences(sentences, theirs, asTheirs(sentences))).toEqual([]);
  expect(differences(sentences, theirs, asTheirs(sentences, { text: " and so on" }))).toEqual([
    expect.stringMatching(/^document 0, request 0 is ".*", of the harness " and so on"$/),
  ]);
  const long = {
    ...sentences,
    metrics: [],
    samples: sentences.samples.map((each) => ({ ...each, answers: [[-30_000]] })),
  };
  expect(differences(long, {}, asTheirs(long, { logLikelihood: 5e-4 }))).toEqual([]);
  expect(differences(long, {}, asTheirs(long, { logLikelihood: 0.1 }))).toHaveLength(1);
});
