import { UserError } from "../../errors.js";
import { type Pair, questions, selectTasks } from "../../evals/index.js";
import { Contestant, withContestants } from "../harness/contestant.js";
import { exported } from "../harness/exported.js";
import { busyNote, machineFacts } from "../harness/machine.js";
import { interleave, speedup, spread } from "../harness/rounds.js";
import { gigabytes, say, shown, table } from "../harness/table.js";
import type { BenchOptions } from "../main.js";
import { peer } from "../peers.js";

/** Models, how many documents each task may have, and how many times faster than the harness we want to be. */
const models: Readonly<Record<string, { readonly documents: number; readonly target: number }>> = {
  "tinystories-656k": { documents: 300, target: 2 },
  "smollm2-135m": { documents: 40, target: 1.2 },
};

/** A task, examples in front of each question, and the share of the documents that makes a round last as long as others. */
type Part = { readonly task: string; readonly fewshot: number; readonly share: number };

/** Choices of two texts, of four, and of four behind examples; the latter need a mirror or the hub. */
const parts: Readonly<Record<string, Part>> = {
  toy_pairs: { task: "toy_pairs", fewshot: 0, share: 1 },
  arc_easy: { task: "arc_easy", fewshot: 0, share: 1 },
  "arc_easy, 3 shots": { task: "arc_easy", fewshot: 3, share: 0.2 },
};

/** Sequences in a batch that the harness may choose from: it takes the fastest. */
const batchSizes = [1, 4, 16, 64];

/** Nats by which two float32 programs may differ in the sum of a continuation. */
const tolerance = 1e-3;

/** What a task asks. */
type Asked = { readonly title: string; readonly documents: readonly (readonly Pair[])[] };

type Reply = { readonly ms: number; readonly scores: readonly (number | null)[] };

/**
 * `bench -- eval`: documents a second, natively against lm-evaluation-harness's Hugging Face backend. Both are given the same
 * contexts and continuations as text; what the harness does around that, and we too, is left out.
 */
export async function benchEval({ rounds = 5, only, preset }: BenchOptions): Promise<void> {
  const names = chosen(preset, Object.keys(models), "preset");
  const wanted = chosen(only, Object.keys(parts), "part");
  const { python, versions } = await peer("harness");
  say(
    `${machineFacts()} · lm-eval ${versions["lm-eval"]} · transformers ${versions.transformers} · PyTorch ${versions.torch}`,
  );
  say(`${rounds} interleaved rounds. ${busyNote() ?? ""}`.trim());
  for (const name of names) {
    const asked = await Promise.all(wanted.map((title) => askedBy(title, models[name].documents)));
    await compared(name, asked, rounds, python);
  }
}

async function compared(name: string, asked: readonly Asked[], rounds: number, python: string): Promise<void> {
  const kit = Contestant.kit("kintsugi", "eval/worker.js");
  const harness = Contestant.peer("lm-eval hf", python, "evaluate.py", { HF_HUB_OFFLINE: "1" });
  await withContestants([kit, harness], async (both) => {
    await kit.ask("prepare", { name });
    await harness.ask("prepare", { folder: await exported(name) });
    const rows: string[][] = [];
    for (const { title, documents: all } of asked) {
      const documents = await answerable(kit, all);
      const pairs = documents.flat();
      const ours = await kit.ask<Reply>("score", { pairs });
      const { batchSize, reply } = await fastest(harness, pairs);
      const apart = sameScores(`${name} on ${title}`, ours.scores, reply.scores);
      const times = await interleave(
        both,
        rounds,
        async (one) => (await one.ask<Reply>("score", { pairs, batchSize })).ms,
      );
      const speeds = times.map((series) => shown(spread(series.map((ms) => (1000 * documents.length) / ms)), 1));
      const ratio = `${speedup(times[0], times[1]).median.toFixed(2)} ×`;
      rows.push([title, String(documents.length), ...speeds, ratio, String(batchSize), apart.toExponential(1)]);
    }
    const titles = ["task", "documents", "kintsugi", "lm-eval hf", "kintsugi : lm-eval", "its batch", "nats apart"];
    say(`\n${name}, float32; documents/s: median (min–max); wanted ${models[name].target} ×`);
    say(table(titles, rows));
    const [own, theirs] = await Promise.all(both.map((one) => one.ask<{ peakBytes: number }>("memory")));
    say(`peak memory: ${gigabytes(own.peakBytes)}, lm-eval ${gigabytes(theirs.peakBytes)}`);
  });
}

/** The contexts and continuations of a task's first documents. */
async function askedBy(title: string, count: number): Promise<Asked> {
  const { task, fewshot, share } = parts[title];
  const [config] = (await selectTasks([task])).tasks;
  // Examples of the validation split: a mirror has it, and no question is among them.
  const asking = { ...config, fewshot_split: config.validation_split };
  const { items } = await questions(asking, { fewshot, limit: Math.round(share * count) });
  const documents = items.map(({ requests }) =>
    requests.flatMap((request) =>
      request.kind === "loglikelihood" ? [{ context: request.context, continuation: request.continuation }] : [],
    ),
  );
  return { title, documents };
}

/**
 * The documents whose continuations all have a token of their own: the harness's backend stops at others, where a tokenizer
 * merges across the border. And whose every character the vocabulary has: transformers 5 leaves others out of TinyStories-656K's
 * texts, although its tokenizer.json has a token for them. Asking compiles what the rounds need.
 */
async function answerable(
  kit: Contestant,
  documents: readonly (readonly Pair[])[],
): Promise<readonly (readonly Pair[])[]> {
  const pairs = documents.flat();
  const { scores } = await kit.ask<Reply>("score", { pairs });
  const texts = pairs.map(({ context, continuation }) => context + continuation);
  const spelt = await kit.ask<readonly boolean[]>("spelt", { texts });
  const fit = pairs.map((_, i) => scores[i] !== null && spelt[i]);
  let at = 0;
  return documents.filter(({ length }) => !fit.slice(at, (at += length)).includes(false));
}

/** The batch size with which the harness is fastest, and what it said then. The first call only warms up. */
async function fastest(
  harness: Contestant,
  pairs: readonly Pair[],
): Promise<{ readonly batchSize: number; readonly reply: Reply }> {
  await harness.ask<Reply>("score", { pairs: pairs.slice(0, 8), batchSize: 8 });
  const replies: { readonly batchSize: number; readonly reply: Reply }[] = [];
  for (const batchSize of batchSizes) {
    replies.push({ batchSize, reply: await harness.ask<Reply>("score", { pairs, batchSize }) });
  }
  return replies.reduce((best, each) => (each.reply.ms < best.reply.ms ? each : best));
}

/** @throws UserError when the two sides score differently: then their times mean nothing. */
function sameScores(label: string, ours: Reply["scores"], theirs: Reply["scores"]): number {
  const apart = ours.map((score, i) => (score === null ? 0 : Math.abs(score - (theirs[i] ?? Number.NaN))));
  const at = apart.findIndex((difference) => !(difference <= tolerance));
  if (at < 0) return Math.max(...apart);
  throw new UserError(`${label}: score ${at + 1} is ${ours[at]}`, { expected: `${theirs[at]} as lm-eval says` });
}

function chosen(name: string | undefined, all: readonly string[], what: string): readonly string[] {
  if (name === undefined) return all;
  if (all.includes(name)) return [name];
  throw new UserError(`there is no ${what} "${name}"`, { where: "bench eval", expected: all.join(" or ") });
}
