/** What is kept of trained models. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { read, type Tensor, tree } from "../engine/index.js";
import type { Model } from "../model/index.js";
import { cacheFolder, projectRoot } from "../source/index.js";
import { save } from "../weights/index.js";
import type { TrainedModel } from "./progress.js";
import { type Run, specHash } from "./spec.js";

/** Where a run's trained model is kept, below a folder of such. */
export function modelFolder({ study, arm, seed, spec }: Run, root: string = join(cacheFolder(), "models")): string {
  return join(root, study, arm, `seed-${seed}.${specHash(spec)}`);
}

/** Keeps a run's trained model, float32, with what belongs to it, such as its tokenizer. */
export function keepModel(run: Run, root: string, { model, companions }: TrainedModel): Promise<string> {
  return save(model, modelFolder(run, root), { ...companions, format: "kintsugi", overwrite: true });
}

/** A trained model that is part of the project. */
export type PackedModel = { readonly study: string; readonly arm: string; readonly folder: string };

/**
 * The trained models that are part of the project, packed as `kintsugi export MODEL FOLDER --packed 1.6 --embedding int8`
 * writes them: `results/models/<study>/<arm>`.
 *
 * @returns in the order of their names; none in a project without such models
 */
export function packedModels(root: string = join(projectRoot(), "results", "models")): readonly PackedModel[] {
  if (!existsSync(root)) return [];
  return readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name === "config.json")
    .map(({ parentPath }) => ({ folder: parentPath, names: relative(root, parentPath).split(sep) }))
    .filter(({ names }) => names.length === 2)
    .map(({ folder, names: [study, arm] }) => ({ study, arm, folder }))
    .sort((a, b) => (a.folder < b.folder ? -1 : 1));
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
