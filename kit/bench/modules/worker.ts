/** The worker of `bench -- modules`: TinyStories-656K with some of Liquid Metal's modules, random weights, training. */
import { init } from "../../model/index.js";
import { liquidModules } from "../../studies/healing.js";
import { type KitTrainer, kitTrainer } from "../harness/kitTrainer.js";
import { spread } from "../harness/rounds.js";
import type { TrainingTask } from "../harness/training.js";
import { serve } from "../harness/worker.js";

let train: KitTrainer | undefined;
let step = 0;

serve({
  prepare({ arm, ...task }: TrainingTask & { readonly arm: string }) {
    train = kitTrainer(init(liquidModules.arms[arm].spec.model, 0), { ...task, backend: "xla" });
  },
  /** The median time of so many steps. */
  steps: ({ count }: { readonly count: number }) => ({
    ms: spread(Array.from({ length: count }, () => train!({ step: step++ }).ms)).median,
  }),
});
