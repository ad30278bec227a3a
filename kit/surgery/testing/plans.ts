import { join } from "node:path";
import { expect } from "vitest";
import { UserError } from "../../errors.js";
import { temporaryFolder } from "../../source/testing/folder.js";
import { type MergePlan, planMerge } from "../passthrough/plan.js";
import { writeConfig, writeLlama } from "./folders.js";

/** Plans a merge of `a` (4 layers) and `b` (3 layers), and of whatever else is made before. */
export async function planOf(text: string, make: (folder: string) => void = () => undefined): Promise<MergePlan> {
  const folder = temporaryFolder();
  const models = { a: writeLlama(join(folder, "a"), 4), b: writeLlama(join(folder, "b"), 3) };
  make(folder);
  const used = Object.entries(models).filter(([name]) =>
    new RegExp(`(model|base_model|source): ${name}\\b`).test(text),
  );
  return await planMerge(writeConfig(folder, text), { models: Object.fromEntries(used) });
}

/** What is said about a configuration, without the path of its file. */
export async function said(text: string, make?: (folder: string) => void): Promise<string> {
  const error = await planOf(text, make).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(UserError);
  return (error as UserError).message.replaceAll(/[^\s(]*merge\.yml/g, "merge.yml");
}

/** A configuration of slices, each a source. */
export const slices = (...sources: string[]): string =>
  `slices:\n${sources.map((source) => `  - sources: [{ ${source} }]\n`).join("")}merge_method: passthrough\n`;

/** A source of it: layers of `a`. */
export const layersOfA = (from: number, to: number, more = ""): string =>
  `model: a, layer_range: [${from}, ${to}]${more}`;
