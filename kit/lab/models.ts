/** What is kept of trained models. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { read, type Tensor, tree } from "../engine/index.js";
import type { Model } from "../model/index.js";
import { cacheFolder } from "../source/index.js";
import { save } from "../weights/index.js";
import type { TrainedModel } from "./progress.js";
import { type Run, specHash } from "./spec.js";

/** Where trained models are kept. */
export function modelsFolder(): string {
  return join(cacheFolder(), "models");
}

/** A run by its place in its study; `spec` is the hash of its specification. */
export type RunPlace = { readonly study: string; readonly arm: string; readonly seed: number; readonly spec: string };

/** Where a run's trained model is kept, below a folder of such. */
export function modelFolder({ study, arm, seed, spec }: Run | RunPlace, root: string = modelsFolder()): string {
  return join(root, study, arm, `seed-${seed}.${typeof spec === "string" ? spec : specHash(spec)}`);
}

/** The same, or nothing where the run has left none. */
export function keptModel(run: Run | RunPlace, root?: string): string | undefined {
  const folder = modelFolder(run, root);
  return existsSync(join(folder, "config.json")) ? folder : undefined;
}

/** Keeps a run's trained model, float32, with what belongs to it, such as its tokenizer. */
export function keepModel(run: Run, root: string, { model, companions }: TrainedModel): Promise<string> {
  return save(model, modelFolder(run, root), { ...companions, format: "kintsugi", overwrite: true });
}

/** sha256 of a model's parameters; see {@link RecordFooter}. */
export function weightsHash({ params }: Model<Tensor>): string {
  const sha256 = createHash("sha256");
  for (const leaf of tree.leaves<Tensor>(params)) {
    const { buffer, byteOffset, byteLength } = read(leaf);
    sha256.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return sha256.digest("hex");
}
