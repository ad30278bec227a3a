/** All records of evaluations there are. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { UserError } from "../../errors.js";
import { literal } from "../../text/literal.js";
import { FEWSHOT_SEED, RESAMPLES, shotsOf } from "../evaluate.js";
import { type EvalRecord, evaluationsFolder, readEvalRecord, taskSpec } from "../record.js";
import { sanitised } from "../results/files.js";
import type { TaskConfig } from "../tasks/config.js";

/** What is looked for: a model by its name in records, a task, how many documents. */
export type EvalQuery = {
  readonly model: string;
  readonly config: TaskConfig;
  readonly limit?: number;
  /** SHA-256 of the weights, where it is known what they are now; else those of any record. */
  readonly weights?: string;
  /** Hash of the configuration, where it is known; records that do not say theirs are of any. */
  readonly configuration?: string;
};

/**
 * Records of evaluations as benchmarks are made of: on the first documents, and in all else as the task and the model are now
 * without being told otherwise. Records of other examples, lengths, seeds or versions of a task stand beside them.
 */
export class EvalArchive {
  private readonly read = new Map<string, EvalRecord>();

  /** @param root folder of the records */
  constructor(readonly root: string = evaluationsFolder()) {}

  /**
   * The record of an evaluation, or nothing.
   *
   * @throws UserError when there are two, of different weights or configurations, and it is not known which are the model's; or
   * one is not whole
   */
  find(query: EvalQuery): EvalRecord | undefined {
    const { model, config } = query;
    const found = this.matching(query).filter((record) => isOf(query, record));
    if (found.length <= 1) return found[0];
    throw new UserError(`there are ${found.length} records of ${model} on ${config.task}`, {
      where: found.map(({ path }) => path).join(", "),
      expected: "one",
      fix: "Delete those whose weights or configurations are outdated",
    });
  }

  /** Records of other weights or another configuration than the model has now. */
  outdated(query: EvalQuery & { readonly weights: string }): readonly EvalRecord[] {
    return this.matching(query).filter((record) => !isOf(query, record));
  }

  /** Records of any weights and configuration. */
  private matching({ model, config, limit }: EvalQuery): readonly EvalRecord[] {
    const shots = shotsOf(config);
    const task = taskSpec({ config, shots });
    const wanted = { task, shots, limit, documents: undefined, fewshotSeed: FEWSHOT_SEED, resamples: RESAMPLES };
    return this.paths(model, config.task)
      .map((path) => this.record(path))
      .filter(({ header: { spec, context = spec.maxLength } }) => {
        const { version: _, weights: __, configuration: ___, maxLength, documents, limit, ...rest } = spec;
        return maxLength === context && isDeepStrictEqual({ ...rest, limit, documents }, wanted);
      });
  }

  /** Forgets nothing and finds new records too: only what was read is remembered. */
  private paths(model: string, task: string): readonly string[] {
    const folder = join(this.root, sanitised(model));
    if (!existsSync(folder)) return [];
    const name = new RegExp(`^${literal(task)}\\.[0-9a-f]{8}\\.jsonl$`);
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

/** Whether a record is of what is known of the model's weights and its configuration. */
function isOf({ weights, configuration }: EvalQuery, { header: { spec } }: EvalRecord): boolean {
  const agrees = (known: string | undefined, said: string | undefined): boolean =>
    known === undefined || said === undefined || known === said;
  return agrees(weights, spec.weights) && agrees(configuration, spec.configuration);
}
