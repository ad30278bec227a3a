/** A task as the kit has evaluated it beside what the harness wrote of it. */
import type { HarnessSample, TaskResult } from "../../evals/index.js";
import { sampleHashes } from "../../evals/results/samples.js";

/**
 * Nats by which a log-likelihood may differ, of a few tokens as of a whole page: the harness asks in other batches. Both sides
 * add up in float64, since a page's sum of −30,000 could not be told to 1e-3 in float32. The summands are float32, with a
 * step of 1e-6 at 10 nats: so 10,000 of them could be 1e-2 apart if all were rounded the same way, and nothing finer than 1e-3
 * is promised for them.
 */
const NATS = 1e-3;

/** Relative difference of perplexities and of their like. */
const RELATIVE = 1e-4;

/** Relative difference of standard errors of what is counted, which are functions of the same counts. */
const ROUNDING = 1e-12;

/**
 * How the two differ; nothing where they agree.
 *
 * Documents whose continuation has no token of its own are left out here, and scored 0 and right by the harness: metrics are
 * compared where there are none.
 *
 * @param theirs the harness's `results[task]`
 */
export function differences(
  mine: TaskResult,
  theirs: { readonly [metric: string]: unknown },
  samples: readonly HarnessSample[],
): readonly string[] {
  const found: string[] = [];
  const byId = new Map(samples.map((sample) => [sample.id, sample]));
  const documents = mine.samples.length + mine.leftOut.length;
  if (samples.length !== documents) found.push(`${documents} documents, of the harness ${samples.length}`);
  for (const sample of mine.samples) {
    const other = byId.get(sample.id);
    const { doc, prompt, target } = sampleHashes(sample);
    if (other === undefined) found.push(`document ${sample.id} is missing`);
    else if (other.prompt !== prompt) found.push(`document ${sample.id}: the harness asks something else`);
    else if (other.doc !== doc || other.target !== target) found.push(`document ${sample.id} is another`);
    else found.push(...answerDifferences(sample, other));
  }
  return mine.leftOut.length > 0 ? found : [...found, ...metricDifferences(mine, theirs)];
}

function answerDifferences({ id, answers }: TaskResult["samples"][number], other: HarnessSample): readonly string[] {
  return answers.flatMap(([answer], i) => {
    const place = `document ${id}, request ${i}`;
    if (typeof answer === "string") {
      const text = other.texts[i];
      return text === answer ? [] : [`${place} is ${JSON.stringify(answer)}, of the harness ${JSON.stringify(text)}`];
    }
    const score = other.scores[i];
    if (score === undefined) return [`${place} has no score`];
    if (typeof answer === "number") return differing(place, answer, score.logLikelihood, NATS);
    if (typeof answer !== "object" || !("logLikelihood" in answer)) return [];
    const greedy = answer.greedy === score.greedy ? [] : [`${place}: greedy is ${answer.greedy}`];
    return [...differing(place, answer.logLikelihood, score.logLikelihood, NATS), ...greedy];
  });
}

function metricDifferences({ metrics }: TaskResult, theirs: { readonly [metric: string]: unknown }): readonly string[] {
  return metrics.flatMap(({ metric, filter, value, stderr }) => {
    const isCount = metric.startsWith("acc") || metric === "exact_match";
    const [right, error] = [theirs[`${metric},${filter}`], theirs[`${metric}_stderr,${filter}`]];
    const tolerance = isCount ? 0 : RELATIVE * Math.abs(value);
    const ofError = (isCount ? ROUNDING : RELATIVE) * Math.abs(stderr ?? 0);
    return [
      ...differing(metric, value, right, tolerance),
      ...(stderr === undefined
        ? error === "N/A"
          ? []
          : [`${metric} has no error, of the harness ${String(error)}`]
        : differing(`the error of ${metric}`, stderr, error, ofError)),
    ];
  });
}

function differing(what: string, mine: number, theirs: unknown, tolerance: number): readonly string[] {
  if (typeof theirs === "number" && Math.abs(mine - theirs) <= tolerance) return [];
  return [`${what} is ${mine}, of the harness ${String(theirs)}`];
}
