import { statfs } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { UserError } from "../../errors.js";
import { copySettings, copyTokenizer } from "../../weights/companions.js";
import { writeBytes, writeFolder, writeJson } from "../../weights/folder.js";
import { type ShardOptions, totalBytes, writeShards } from "../../weights/shards.js";
import { modelCard } from "./card.js";
import { type MergePlan, plannedTensors } from "./plan.js";

export type MergeOptions = Pick<ShardOptions, "maxShardBytes" | "progress"> & {
  /** Replace a folder that is already there. */
  readonly overwrite?: boolean;
};

/**
 * Carries out a merge: weights, `config.json`, tokenizer, `generation_config.json`, the configuration as it is, and a model card.
 *
 * Weights stream from file to file, in a few MB of memory. The folder takes its name when complete, its config last: a merge
 * that is killed leaves no model that loads.
 *
 * @param plan from `planMerge`
 * @param out path of the folder to make
 * @param options largest file of weights, progress in bytes
 * @returns the folder's absolute path
 * @throws UserError when the plan is an outline, the folder exists, the disk is too small, or refuses
 */
export async function merge(plan: MergePlan, out: string, options: MergeOptions = {}): Promise<string> {
  const { overwrite, ...shards } = options;
  if (plan.outline) {
    throw new UserError("the plan is an outline, made from headers alone", { fix: "Plan the merge without outline" });
  }
  const tensors = plannedTensors(plan);
  await expectSpace(totalBytes(tensors, plan.dtype), out);
  return await writeFolder(out, overwrite === true, async (draft) => {
    await writeShards(tensors, draft, { dtype: plan.dtype, ...shards });
    await copySettings(plan.donor.info, draft);
    await copyTokenizer(plan.tokenizer.info, draft);
    await writeBytes(join(draft, "mergekit_config.yml"), Buffer.from(plan.text));
    await writeBytes(join(draft, "README.md"), Buffer.from(modelCard(plan, basename(resolve(out)))));
    await writeJson(join(draft, "config.json"), plan.config);
  });
}

/** @throws UserError when the disk has less space than the weights take */
async function expectSpace(bytes: number, out: string): Promise<void> {
  // A folder that does not exist yet, or a disk that does not tell, is left to the writing itself.
  const disk = await statfs(dirname(resolve(out))).catch(() => undefined);
  if (disk === undefined || disk.bavail * disk.bsize >= bytes) return;
  const gigabytes = (value: number): string => `${(value / 1e9).toFixed(1)} GB`;
  throw new UserError(
    `The weights take ${gigabytes(bytes)}, the disk has ${gigabytes(disk.bavail * disk.bsize)} left`,
    {
      where: out,
      fix: "Free some space, or write elsewhere",
    },
  );
}
