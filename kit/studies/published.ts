/** Scores that others have published, as reference. */
import type { Benchmark } from "../evals/index.js";

const tasks = ["hellaswag", "openbookqa", "winogrande", "arc_challenge", "arc_easy", "boolq", "piqa"];

/** Per cent, in the order of {@link tasks}. */
const tinyLlama: Readonly<Record<string, readonly number[]>> = {
  "Pythia-1.0B, 300 B tokens": [47.16, 31.4, 53.43, 27.05, 48.99, 60.83, 69.21],
  "TinyLlama, 103 B tokens": [43.5, 29.8, 53.28, 24.32, 44.91, 59.66, 67.3],
  "TinyLlama, 503 B tokens": [49.56, 31.4, 55.8, 26.54, 48.32, 56.91, 69.42],
  "TinyLlama, 1.0 T tokens": [52.54, 33.4, 55.96, 27.82, 52.36, 59.54, 69.91],
  "TinyLlama, 1.5 T tokens": [53.68, 35.2, 58.33, 29.18, 51.89, 59.08, 71.65],
  "TinyLlama, 2.0 T tokens": [54.63, 33.4, 56.83, 28.07, 54.67, 63.21, 70.67],
  "TinyLlama, 2.5 T tokens": [58.96, 34.4, 58.72, 31.91, 56.78, 63.21, 73.07],
  "TinyLlama, 3.0 T tokens": [59.2, 36, 59.12, 30.12, 55.25, 57.83, 73.29],
};

/** TinyLlama's training, checkpoint by checkpoint. */
export const tinyLlamaPublished: Benchmark["published"] = {
  rows: Object.entries(tinyLlama).map(([label, values]) => ({
    label,
    scores: Object.fromEntries(tasks.map((task, i) => [task, Number((values[i] / 100).toFixed(4))])),
  })),
  source:
    "EVAL.md of the TinyLlama repository, all documents, an earlier version of lm-evaluation-harness, no standard errors",
};
