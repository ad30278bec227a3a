/** Every request of the shipped tasks, hash for hash as the harness's own tests have them. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openDataset } from "../data/dataset.js";
import { aggregationOf, standardError } from "../metrics/aggregations.js";
import { documentMetrics, metricsOf } from "../metrics/results.js";
import { dumps } from "../python/json.js";
import { PythonRandom } from "../python/random.js";
import type { Json } from "../python/text.js";
import { shippedTasks } from "../shipped/tasks.js";
import type { Answer, MetricValue, TaskConfig } from "../tasks/config.js";
import { buildItems, type Item } from "./requests.js";

const mirror = process.env.KINTSUGI_MIRROR ?? "";
const path = join(mirror, "lm_eval_fixtures", "testdata.json");
const fixtures: Readonly<Record<string, unknown>> = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};

const built = new Map<TaskConfig, Promise<readonly Item[]>>();

/** All documents of a task in the order of the harness's tests, with their requests. */
function shuffledItems(config: TaskConfig): Promise<readonly Item[]> {
  if (!built.has(config)) built.set(config, build(config));
  return built.get(config)!;
}

async function build(config: TaskConfig): Promise<readonly Item[]> {
  const open = openDataset(config);
  const docs = [...(await open(config.test_split ?? config.validation_split ?? "", config.process_docs))];
  new PythonRandom(42).shuffle(docs);
  return buildItems(config, docs.entries(), () => [], 0);
}

/** The hash of `json.dumps(requests)`. */
function hashOf(requests: Json): string {
  return createHash("sha256").update(dumps(requests)).digest("hex");
}

function task(name: string): TaskConfig {
  return shippedTasks.find((config) => config.task === name)!;
}

/** Contexts with continuations, in the order of documents and choices. */
function pairs(items: readonly Item[]): [string, string][] {
  return items.flatMap(({ requests }) =>
    requests.map((request) => {
      if (request.kind !== "loglikelihood") throw new Error(request.kind);
      return [request.context, request.continuation] as [string, string];
    }),
  );
}

describe.skipIf(!existsSync(path))("requests", () => {
  it.each(["arc_easy", "arc_challenge", "piqa"])("of %s", async (name) => {
    const requests = pairs(await shuffledItems(task(name)));
    expect(hashOf(requests)).toBe(fixtures[`${name}-v0-loglikelihood`]);
  });

  it("of boolq: version 1 asked for yes and no, version 2 asks for no and yes", async () => {
    const config = task("boolq");
    expect(config.doc_to_choice).toEqual(["no", "yes"]);
    const requests = pairs(await shuffledItems({ ...config, doc_to_choice: ["yes", "no"] }));
    expect(hashOf(requests)).toBe(fixtures["boolq-v1-loglikelihood"]);
  });

  it("of lambada_openai, which were sent twice: for the likelihood and for whether it is the greedy one", async () => {
    const requests = pairs(await shuffledItems(task("lambada_openai"))).flatMap((pair) => [pair, pair]);
    expect(requests).toHaveLength(2 * 5153);
    expect(hashOf(requests)).toBe(fixtures["lambada_openai-v0-loglikelihood"]);
  });

  it("of wikitext", async () => {
    const texts = (await shuffledItems(task("wikitext"))).map(({ requests: [request] }) =>
      request.kind === "loglikelihood_rolling" ? [request.text] : [],
    );
    expect(texts).toHaveLength(62);
    expect(hashOf(texts)).toBe(fixtures["wikitext-v1-loglikelihood_rolling"]);
  });

  it("of the 67 phenomena of blimp, whose sentences have had a space in front since version 1", async () => {
    const phenomena = shippedTasks.filter((config) => config.task.startsWith("blimp_"));
    expect(phenomena).toHaveLength(67);
    for (const config of phenomena) {
      const requests = pairs(await shuffledItems(config));
      expect(requests.every(([context, sentence]) => context === "" && sentence.startsWith(" "))).toBe(true);
      const bare = requests.map(([, sentence]) => ["", sentence.slice(1)]);
      expect([config.task, hashOf(bare)]).toEqual([config.task, fixtures[`${config.task}-v0-loglikelihood`]]);
    }
  });
});

/** What the harness's tests expect of a model that answers at random. */
type Expected = { readonly results: { readonly [task: string]: { readonly [metric: string]: number } } };

/** Metrics of a model whose answers are `−random()`, never the greedy ones, with 10 resamples as in the harness's tests. */
function randomMetrics(config: TaskConfig, items: readonly Item[], draws = 1): { readonly [metric: string]: number } {
  const random = new PythonRandom(42);
  const values = new Map<string, MetricValue[]>(metricsOf(config).map(({ metric }) => [metric, []]));
  for (const { doc, requests } of items) {
    const answers = requests.map(({ kind }): Answer => {
      const [logLikelihood] = Array.from({ length: draws }, () => -random.random());
      return kind === "loglikelihood_rolling" ? logLikelihood : { logLikelihood, greedy: false };
    });
    for (const [metric, value] of Object.entries(documentMetrics(config, doc, answers)))
      values.get(metric)!.push(value);
  }
  const entries = metricsOf(config).flatMap(({ metric, aggregation }) => {
    const aggregate = aggregationOf(metric, aggregation, config.task);
    const error = standardError(aggregate, values.get(metric)!, 10);
    return [
      [metric, aggregate.of(values.get(metric)!)],
      ...(error === undefined ? [] : [[`${metric}_stderr`, error]]),
    ] as [string, number][];
  });
  return Object.fromEntries(entries);
}

describe.skipIf(!existsSync(path))("metrics of a model that answers at random", () => {
  const expected = (key: string, name: string): { readonly [metric: string]: number } =>
    (fixtures[`${key}-res.json`] as Expected).results[name];

  const agrees = (found: { readonly [metric: string]: number }, right: { readonly [metric: string]: number }): void => {
    expect(Object.keys(found).sort()).toEqual(Object.keys(right).sort());
    for (const [metric, value] of Object.entries(right)) expect(found[metric]).toBeCloseTo(value, 12);
  };

  it.each(["arc_easy", "arc_challenge", "piqa"])("%s", async (name) => {
    agrees(randomMetrics(task(name), await shuffledItems(task(name))), expected(`${name}-v0`, name));
  });

  it("boolq, version 1", async () => {
    // The target counts the choices, which have changed places.
    const config = { ...task("boolq"), doc_to_choice: ["yes", "no"], doc_to_target: "{{1 - label}}" };
    agrees(randomMetrics(config, await shuffledItems(config)), expected("boolq-v1", "boolq"));
  });

  it("lambada_openai, with a bootstrap", async () => {
    const { perplexity, perplexity_stderr, ...rest } = randomMetrics(
      task("lambada_openai"),
      await shuffledItems(task("lambada_openai")),
      2,
    );
    agrees(
      { ...rest, ppl: perplexity, ppl_stderr: perplexity_stderr },
      expected("lambada_openai-v0", "lambada_openai"),
    );
  });

  it("wikitext", async () => {
    agrees(randomMetrics(task("wikitext"), await shuffledItems(task("wikitext"))), expected("wikitext-v1", "wikitext"));
  });

  it("phenomena of blimp", async () => {
    for (const { task: name } of shippedTasks.filter(({ task }) => task.startsWith("blimp_"))) {
      agrees(randomMetrics(task(name), await shuffledItems(task(name))), expected(`${name}-v0`, name));
    }
  });
});
