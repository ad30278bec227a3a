import { type ModelConfig, teenyS } from "../../model/index.js";
import type { KitSettings } from "../harness/kitTrainer.js";
import type { TrainingTask } from "../harness/training.js";

export type PresetName = "teenyS";

/** The models that PyTorch's side of `bench -- train` knows as well. */
export const presets: Readonly<Record<PresetName, ModelConfig>> = { teenyS };

/** What the kit's worker is told. */
export type TrainSettings = TrainingTask &
  KitSettings & {
    readonly preset: PresetName;
    /** Selects the initial weights. */
    readonly seed: number;
  };
