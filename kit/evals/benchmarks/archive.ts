/** All records of evaluations there are. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../errors.js";
import { type EvalRecord, evaluationsFolder, readEvalRecord } from "../record.js";
import { sanitised } from "../results/files.js";

/** What is looked for: a model by its name in records, a task, how many documents. */
export type EvalQuery = { readonly model: string; readonly task: string; readonly limit?: number };

/** Records of evaluations by model and task. Without examples, on the first documents: what benchmarks are made of. */
export class EvalArchive {
  private readonly read = new Map<string, EvalRecord>();

  /** @param root folder of the records */
  constructor(readonly root: string = evaluationsFolder()) {}

  /**
   * The record of an evaluation, or nothing.
   *
   * @throws UserError when there are two, of different weights or versions of the task, or one is not whole
   */
  find({ model, task, limit }: EvalQuery): EvalRecord | undefined {
    const found = this.paths(model, task)
      .map((path) => this.record(path))
      .filter(({ header: { spec } }) => spec.limit === limit && spec.documents === undefined && spec.shots === 0);
    if (found.length <= 1) return found[0];
    throw new UserError(`there are ${found.length} records of ${model} on ${task}`, {
      where: found.map(({ path }) => path).join(", "),
      expected: "one of each number of documents",
      fix: "Delete those whose weights or task are outdated",
    });
  }

  /** Forgets nothing and finds new records too: only what was read is remembered. */
  private paths(model: string, task: string): readonly string[] {
    const folder = join(this.root, sanitised(model));
    if (!existsSync(folder)) return [];
    const name = new RegExp(`^${task.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}\\.[0-9a-f]{8}\\.jsonl$`);
    return readdirSync(folder)
      .filter((file) => name.test(file))
      .sort()
      .map((file) => join(folder, file));
  }

  private record(path: string): EvalRecord {
    if (!this.read.has(path)) this.read.set(path, readEvalRecord(path));
    return this.read.get(path)!;
  }
}
