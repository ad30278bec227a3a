/** Drawing examples as the harness draws them. */
import { UserError } from "../../errors.js";
import { PythonRandom } from "../python/random.js";
import { repr } from "../python/text.js";
import type { Doc, TaskConfig } from "../tasks/config.js";

/** Draws examples for one document after the other; what is drawn depends on those before. */
export type Sampler = (count: number, doc: Doc) => readonly Doc[];

/**
 * The sampler of a task.
 *
 * @param pool where examples come from
 * @param seed the harness's default is 1234
 * @throws UserError for a sampler that there is not; from the sampler when the pool is too small
 */
export function sampler(config: TaskConfig, pool: readonly Doc[], seed: number): Sampler {
  const name = config.fewshot_config?.sampler ?? "default";
  const make = Object.hasOwn(samplers, name) ? samplers[name] : undefined;
  if (make === undefined) {
    throw new UserError(`there is no sampler "${name}"`, {
      where: `task ${config.task}: fewshot_config`,
      expected: Object.keys(samplers).join(" or "),
    });
  }
  const draw = make(pool, new PythonRandom(seed));
  const keepsOwn = !drawsFromEvaluated(config);
  return (count, doc) => {
    if (count === 0) return [];
    const examples = draw(count, keepsOwn ? undefined : doc);
    if (examples.length === count) return examples;
    const own = keepsOwn ? "" : ", the question itself among them";
    throw new UserError(`${count} examples are asked for, and there are ${pool.length} documents to draw from${own}`, {
      where: `task ${config.task}`,
      fix: "Ask for fewer examples",
    });
  };
}

/**
 * Whether a document might be drawn as its own example.
 *
 * The harness compares the names of two splits; both are absent in many tasks that draw from a third. One example more is
 * drawn then, and those after it differ, so that this has to be kept.
 */
function drawsFromEvaluated({ fewshot_config, fewshot_split, test_split }: TaskConfig): boolean {
  return (fewshot_config?.split ?? fewshot_split ?? undefined) === (test_split ?? undefined);
}

/** Fewer than were asked for where the pool is too small. */
type Draw = (count: number, own: Doc | undefined) => readonly Doc[];

const samplers: Readonly<Record<string, (pool: readonly Doc[], random: PythonRandom) => Draw>> = {
  default: (pool, random) => (count, own) => {
    const wanted = own === undefined ? count : count + 1;
    // One more is drawn so that the document may be among them: a pool without it to spare is too small.
    if (pool.length < wanted) return [];
    const drawn = without(own, random.sample(pool, wanted)).slice(0, count);
    if (drawn.length === count) return drawn;
    // The pool holds the document more than once.
    const others = without(own, pool);
    return others.length < count ? others : random.sample(others, count);
  },
  first_n: (pool) => (count, own) => without(own, pool).slice(0, count),
};

function without(own: Doc | undefined, docs: readonly Doc[]): readonly Doc[] {
  if (own === undefined) return docs;
  const text = repr(own);
  return docs.filter((doc) => repr(doc) !== text);
}
