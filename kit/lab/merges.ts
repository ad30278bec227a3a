/** Merges that runs begin with: mergekit configurations, carried out once for what they and their models hold. */
import { createHash } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "../source/files.js";
import { cacheFolder, type ResolveOptions } from "../source/index.js";
import {
  type Factors,
  fittedText,
  type MergePlan,
  merge,
  mergeText,
  plannedTensors,
  planText,
} from "../surgery/index.js";
import { open } from "../weights/index.js";
import type { PretrainedSpec } from "./spec.js";

/** Whether a source is a mergekit configuration. */
export function isMergeConfig(source: string): boolean {
  return /\.ya?ml$/i.test(source);
}

/** Where the model lies that a run begins with, before its conversion: a name or path, or the folder of a merge. */
export async function sourceOf(
  { source, merge }: Pick<PretrainedSpec, "source" | "merge">,
  options: ResolveOptions = {},
): Promise<string> {
  return merge === undefined ? source : await mergedFolder(await planText(merge, source, options));
}

/** The folder of a merge's result, made unless it is there. */
export async function mergedFolder(plan: MergePlan): Promise<string> {
  const root = join(cacheFolder(), "merges");
  await makeFolder(root);
  const folder = join(root, identityOf(plan));
  if (existsSync(folder)) return folder;
  try {
    return await merge(plan, folder);
  } catch (error) {
    // Another process may have been faster: what it made is the same.
    if (existsSync(folder)) return folder;
    throw error;
  }
}

/** A merge whose tensors have factors that were fitted. */
export type FittedMerge = {
  /** What the run began with; a model that is no merge as one slice of itself. */
  readonly plan: MergePlan;
  /** The mergekit configuration of the model with all factors. */
  readonly text: string;
};

/**
 * What a run that fitted factors arrived at, as a merge.
 *
 * @param initial what it began with, unconverted
 * @param factors of its last step, by path
 */
export async function fittedMerge({ source, merge }: PretrainedSpec, factors: Factors): Promise<FittedMerge> {
  const plan = await planText(merge ?? (await wholeText(source)), source);
  return { plan, text: fittedText(plan, factors) };
}

async function wholeText(source: string): Promise<string> {
  const { model } = await open(source, { tokenizer: false });
  return mergeText([{ model: source, layers: [0, model.config.layers.length] }]);
}

/** A name for what a merge makes: it changes with the configuration, and with the files that hold its weights. */
function identityOf(plan: MergePlan): string {
  const files = [...new Set(plannedTensors(plan).map(([, { file }]) => file))].sort();
  const states = files.map((file) => {
    const { size, mtimeMs } = statSync(file);
    return `${file} ${size} ${mtimeMs}`;
  });
  return createHash("sha256")
    .update([plan.text, ...states].join("\n"))
    .digest("hex")
    .slice(0, 16);
}
