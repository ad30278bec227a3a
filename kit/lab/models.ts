/** What is kept of trained models. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
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

/**
 * The same, or nothing where no run has left it.
 *
 * Arms of two studies may call for one run: its model stands below the study that carried it out.
 */
export function keptModel(run: Run | RunPlace, root: string = modelsFolder()): string | undefined {
  const own = modelFolder(run, root);
  if (isKept(own)) return own;
  const arms = foldersIn(root).flatMap(foldersIn);
  return arms.map((arm) => join(arm, basename(own))).find(isKept);
}

function isKept(folder: string): boolean {
  return existsSync(join(folder, "config.json"));
}

function foldersIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return entries.map(({ name }) => join(folder, name)).sort();
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
