/** The kit's side of `bench -- train`. */
import { init } from "../../model/index.js";
import { type KitTrainer, kitTrainer } from "../harness/kitTrainer.js";
import { serve } from "../harness/worker.js";
import { presets, type TrainSettings } from "./presets.js";

let train: KitTrainer | undefined;

serve({
  prepare(settings: TrainSettings) {
    train = kitTrainer(init(presets[settings.preset], settings.seed), settings);
  },
  round: (round: { readonly step: number }) => train!(round),
});
