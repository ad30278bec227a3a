/** Which models are evaluated on which tasks. */
import type { Benchmark, Subject } from "../evals/index.js";
import { type PackedModel, type Study, specHash } from "../lab/index.js";
import { healSmolLm2, healStories } from "./healing.js";
import { mergeScales } from "./merging.js";
import { tinyLlamaPublished } from "./published.js";

const base = (name: string): Subject => ({ label: name, role: "base", source: { kind: "named", name } });

/** What a run of a study's arm begins with. */
function startOf(study: Study, arm: string): Subject["source"] {
  const { initial, model } = study.arms[arm].spec;
  return { kind: "converted", study: study.name, arm, seed: 0, start: specHash({ initial, model }) };
}

/** Arms of a study whose conversions change the model, before they were healed. */
function converted(study: Study, ...arms: readonly string[]): readonly Subject[] {
  return arms.map((arm) => ({
    label: `${study.arms[arm].label}, not healed`,
    role: "converted",
    source: startOf(study, arm),
  }));
}

/** A merge of the base with itself, before its factors were fitted. */
function merged(study: Study, arm: string): Subject {
  return { label: `${study.arms[arm].label}, as merged`, role: "merged", source: startOf(study, arm) };
}

/** All arms of a study, as they ended. */
function healed(study: Study): readonly Subject[] {
  return Object.entries(study.arms).map(([arm, { label = arm }]) => ({
    label: `${label}, ${arm === study.baseline ? "trained on" : "healed"}`,
    role: "healed",
    source: { kind: "trained", study: study.name, arm, seed: 0 },
  }));
}

/** What a model that knows more than stories keeps of it. */
export const smolLm2Tasks: Benchmark = {
  name: "evals-smollm2",
  title: "SmolLM2-135M and its conversions, evaluated",
  question: "Are healed conversions back around the base model?",
  subjects: [base("smollm2-135m"), ...converted(healSmolLm2, "liquid-standard", "v1-within"), ...healed(healSmolLm2)],
  tasks: [
    { task: "arc_easy", metric: "acc_norm", limit: 300, chance: 1 / 4 },
    { task: "piqa", metric: "acc_norm", limit: 300, chance: 1 / 2 },
    { task: "lambada_openai", metric: "acc", limit: 300, chance: 0 },
    // 20 of each of its 67 phenomena.
    { task: "blimp", metric: "acc", limit: 20, chance: 1 / 2 },
    { task: "wikitext", metric: "bits_per_byte", limit: 300 },
  ],
};

const storyTasks: Benchmark["tasks"] = [
  { task: "blimp", metric: "acc", limit: 300, chance: 1 / 2 },
  { task: "tinystories", metric: "bits_per_byte", limit: 300 },
];

/** What a model of stories keeps of its grammar and its stories. */
export const storiesTasks: Benchmark = {
  name: "evals-stories",
  title: "TinyStories-656K and its conversions, evaluated",
  question: "Do conversions of a small model of stories heal in grammar as they do in loss?",
  subjects: [
    base("tinystories-656k"),
    ...converted(healStories, "v1-within", "v1-pairs"),
    merged(mergeScales, "repeated"),
    ...healed(healStories),
  ],
  tasks: storyTasks,
};

/** The base of Liquid Metal, beside what its authors have published. */
export const tinyLlamaTasks: Benchmark = {
  name: "evals-tinyllama",
  title: "TinyLlama-1.1B, evaluated",
  question: "How good is the model that Liquid Metal was made of?",
  subjects: [base("tinyllama-1.1b")],
  tasks: [
    { task: "hellaswag", metric: "acc_norm", chance: 1 / 4 },
    { task: "openbookqa", metric: "acc_norm", chance: 1 / 4 },
    { task: "winogrande", metric: "acc", chance: 1 / 2 },
    { task: "arc_challenge", metric: "acc_norm", chance: 1 / 4 },
    { task: "arc_easy", metric: "acc_norm", chance: 1 / 4 },
    { task: "boolq", metric: "acc", chance: 1 / 2 },
    { task: "piqa", metric: "acc_norm", chance: 1 / 2 },
  ],
  published: tinyLlamaPublished,
};

/** The ternary models that are part of the project, beside a dense one of the same stories. */
function ternaryTasks(packed: readonly PackedModel[]): Benchmark {
  const subjects = packed.map(({ study, arm, card: { seed, spec } }): Subject => {
    return { label: `${study}, ${arm}`, role: "trained", source: { kind: "packed", study, arm, seed, spec } };
  });
  return {
    name: "evals-ternary",
    title: "Ternary models, evaluated",
    question: "What do models of 1.6 bits a weight know of grammar and stories?",
    subjects: [base("tinystories-656k"), ...subjects],
    tasks: storyTasks,
  };
}

/** All benchmarks, in the order of their tables. @param packed as `lab.packedModels` finds them */
export function benchmarks(packed: readonly PackedModel[]): readonly Benchmark[] {
  return [smolLm2Tasks, storiesTasks, ternaryTasks(packed), tinyLlamaTasks];
}
