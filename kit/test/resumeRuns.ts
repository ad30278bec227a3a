/** Runs of some ten seconds that `npm run check:resume` kills: several checkpoints, validations in their course. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { armRuns, healing, type Run } from "../lab/index.js";
import { pico } from "../model/index.js";
import { smoke, studies } from "../studies/index.js";
import { liquidMetal } from "../surgery/index.js";
import { toyStories } from "../text/index.js";

/** A small ternary Gated DeltaNet from its first weights on, in sequences of two lengths. */
export function trainingRun(backend: "graph" | "xla"): Run {
  const study = smoke(studies.find(({ name }) => name === "sequence")!);
  const [run] = armRuns(study, "progressive");
  const { spec } = run;
  const stages = [
    { length: 32, tokens: 60_000 },
    { length: 64, tokens: 60_000 },
  ];
  return {
    ...run,
    arm: `resume-${backend}`,
    spec: {
      ...spec,
      training: { ...spec.training, stages, validateEvery: 30_000 },
      execution: { backend, threads: 2, matmul: "float32" },
    },
  };
}

/**
 * A trained model, converted, of which what is new learns from a teacher and from a mixture of texts and conversations.
 *
 * @param folder where the mixture's files are written
 */
export function healingRun(folder: string): Run {
  const spec = healing(pico, {
    source: "pico",
    recipe: liquidMetal,
    corpus: mixture(folder),
    tokens: 16_000,
    part: { kind: "new" },
    distillation: { hidden: 0.1 },
    length: 64,
    batchTokens: 256,
    validateEvery: 4_000,
  });
  return { study: "resume", arm: "resume-healing", seed: 0, spec };
}

/** Texts, and twice as often conversations, of which the answers alone are learnt. */
function mixture(folder: string): Run["spec"]["data"]["corpus"] {
  mkdirSync(folder, { recursive: true });
  const [texts, chats] = [join(folder, "texts.jsonl"), join(folder, "chats.jsonl")];
  const stories = toyStories({ seed: 3, count: 120 });
  const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  writeFileSync(texts, lines(stories.slice(0, 60).map((text) => ({ text }))));
  writeFileSync(
    chats,
    lines(stories.slice(60).map((content) => ({ messages: [asked, { role: "assistant", content }] }))),
  );
  const sources = [
    { from: texts, weight: 1 },
    { from: chats, weight: 2 },
  ];
  return { kind: "mixture", sources, template: "zephyr" };
}

const asked = { role: "user", content: "Tell me a story." } as const;
