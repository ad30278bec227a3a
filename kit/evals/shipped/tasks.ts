/** The tasks the kit ships, in the harness's terms: prompts, metrics and versions are those of lm-eval 0.4.13. */

import { STORIES } from "../data/local.js";
import type { GroupConfig, MetricSpec, TaskConfig } from "../tasks/config.js";
import { blimpNames } from "./blimp.js";
import * as functions from "./functions.js";
import { toyPairs } from "./toyPairs.js";

const mean = (metric: string): MetricSpec => ({ metric, aggregation: "mean", higher_is_better: true });
const accuracy = [mean("acc")];
const accuracies = [mean("acc"), mean("acc_norm")];
const perByte: readonly MetricSpec[] = ["word_perplexity", "byte_perplexity", "bits_per_byte"].map((metric) => ({
  metric,
}));

const splits = {
  all: { training_split: "train", validation_split: "validation", test_split: "test" },
  noTest: { training_split: "train", validation_split: "validation" },
} as const;

const arc = {
  tag: "ai2_arc",
  dataset_path: "allenai/ai2_arc",
  output_type: "multiple_choice",
  ...splits.all,
  doc_to_text: "Question: {{question}}\nAnswer:",
  doc_to_target: "{{choices.label.index(answerKey)}}",
  doc_to_choice: "{{choices.text}}",
  metric_list: accuracies,
  metadata: { version: 1 },
} as const;

const superGlue = {
  tag: "super-glue-lm-eval-v1",
  dataset_path: "aps/super_glue",
  output_type: "multiple_choice",
  ...splits.noTest,
  metric_list: [{ metric: "acc" }],
} as const;

const single: readonly TaskConfig[] = [
  { ...arc, task: "arc_easy", dataset_name: "ARC-Easy" },
  { ...arc, task: "arc_challenge", dataset_name: "ARC-Challenge" },
  {
    task: "hellaswag",
    tag: "multiple_choice",
    dataset_path: "Rowan/hellaswag",
    output_type: "multiple_choice",
    ...splits.noTest,
    process_docs: functions.hellaswagDocs,
    doc_to_text: "{{query}}",
    doc_to_target: "{{label}}",
    doc_to_choice: "choices",
    metric_list: accuracies,
    metadata: { version: 1 },
  },
  {
    task: "piqa",
    dataset_path: "baber/piqa",
    output_type: "multiple_choice",
    ...splits.noTest,
    doc_to_text: "Question: {{goal}}\nAnswer:",
    doc_to_target: "label",
    doc_to_choice: "{{[sol1, sol2]}}",
    metric_list: accuracies,
    metadata: { version: 1 },
  },
  {
    task: "winogrande",
    dataset_path: "allenai/winogrande",
    dataset_name: "winogrande_xl",
    output_type: "multiple_choice",
    ...splits.noTest,
    doc_to_text: functions.winograndeText,
    doc_to_target: functions.winograndeTarget,
    doc_to_choice: functions.winograndeChoices,
    metric_list: accuracy,
    metadata: { version: 1 },
  },
  {
    task: "openbookqa",
    dataset_path: "allenai/openbookqa",
    dataset_name: "main",
    output_type: "multiple_choice",
    ...splits.all,
    doc_to_text: "question_stem",
    doc_to_target: "{{choices.label.index(answerKey.lstrip())}}",
    doc_to_choice: "{{choices.text}}",
    metric_list: accuracies,
    metadata: { version: 1 },
  },
  {
    ...superGlue,
    task: "boolq",
    dataset_name: "boolq",
    doc_to_text: "{{passage}}\nQuestion: {{question}}?\nAnswer:",
    doc_to_target: "label",
    doc_to_choice: ["no", "yes"],
    metadata: { version: 2 },
  },
  {
    ...superGlue,
    task: "copa",
    dataset_name: "copa",
    doc_to_text: functions.copaText,
    doc_to_target: functions.copaTarget,
    doc_to_choice: functions.copaChoices,
    metadata: { version: 1 },
  },
  {
    task: "lambada_openai",
    tag: "lambada",
    dataset_path: "EleutherAI/lambada_openai",
    dataset_name: "default",
    output_type: "loglikelihood",
    test_split: "test",
    doc_to_text: "{{text.split(' ')[:-1]|join(' ')}}",
    doc_to_target: "{{' '+text.split(' ')[-1]}}",
    metric_list: [{ metric: "perplexity", aggregation: "perplexity", higher_is_better: false }, mean("acc")],
    metadata: { version: 1 },
  },
  {
    task: "wikitext",
    dataset_path: "EleutherAI/wikitext_document_level",
    dataset_name: "wikitext-2-raw-v1",
    output_type: "loglikelihood_rolling",
    ...splits.all,
    doc_to_text: "",
    doc_to_target: functions.wikitextTarget,
    process_results: functions.wikitextResults,
    metric_list: perByte,
    metadata: { version: 2 },
  },
  {
    task: "tinystories",
    dataset_path: "roneneldan/TinyStories",
    output_type: "loglikelihood_rolling",
    validation_split: "validation",
    doc_to_text: "",
    doc_to_target: "{{text}}",
    metric_list: perByte,
    metadata: {
      version: 1,
      description: `the first ${STORIES} stories of the validation split, wherever they come from`,
    },
  },
  {
    task: "toy_pairs",
    custom_dataset: toyPairs,
    output_type: "multiple_choice",
    test_split: "test",
    doc_to_text: "{{context}}",
    doc_to_target: 0,
    doc_to_choice: "{{[good, bad]}}",
    num_fewshot: 0,
    metric_list: accuracy,
    metadata: { version: 1 },
  },
];

const blimp: readonly TaskConfig[] = blimpNames.map((name) => ({
  task: `blimp_${name}`,
  dataset_path: "nyu-mll/blimp",
  dataset_name: name,
  output_type: "multiple_choice",
  validation_split: "train",
  doc_to_text: "",
  doc_to_target: 0,
  doc_to_choice: "{{[sentence_good, sentence_bad]}}",
  num_fewshot: 0,
  metric_list: accuracy,
  metadata: { version: 1 },
}));

/** All tasks the kit ships. */
export const shippedTasks: readonly TaskConfig[] = [...single, ...blimp];

/** Those that the harness does not have; they need no functions. */
export const ownTasks: readonly string[] = ["tinystories", "toy_pairs"];

/** All groups the kit ships. */
export const shippedGroups: readonly GroupConfig[] = [
  {
    group: "blimp",
    task: blimp.map(({ task }) => task),
    aggregate_metric_list: [{ metric: "acc", aggregation: "mean", weight_by_size: false }],
    metadata: { version: 2 },
  },
];
