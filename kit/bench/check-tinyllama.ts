/**
 * `npm run check:tinyllama [-- --keep]`: a random checkpoint of TinyLlama-1.1B's exact shape, read by the kit and by
 * transformers, gives the same logits.
 */
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { random } from "../engine/index.js";
import { UserError } from "../errors.js";
import { tinyLlama } from "../model/index.js";
import { check, inScratch, type Verdict } from "./harness/check.js";
import { Contestant, withContestants } from "./harness/contestant.js";
import { gigabytes, say } from "./harness/table.js";
import { peer } from "./peers.js";
import { randomCheckpoint } from "./tinyllama/checkpoint.js";

const seed = 11;
const parameters = 1_100_048_384;
const tolerance = 1e-3;
const lengths = [1, 13, 64];
/** Of the longest prompt, this many tokens are read at once, the next ones by decoding with a cache. */
const [readAtOnce, decoded] = [56, 8];

type Ready = { readonly ms: number; readonly parameters: number; readonly preset?: boolean };

async function main(args: readonly string[], verdict: Verdict): Promise<void> {
  const { keep, help } = options(args);
  if (help) return say("npm run check:tinyllama [-- --keep]   --keep leaves the 2.2 GB checkpoint in .cache/bench");
  const { python, versions } = await peer("torch");
  const folder = await randomCheckpoint();
  try {
    await inScratch("logits", async (results) => {
      const prompts = lengths.map((length, i) => ids(length, i));
      await ours({ folder, results, prompts, verdict });
      await theirs(python, versions.transformers, { folder, results, prompts, verdict });
      for (const [i, prompt] of prompts.entries()) {
        const what = prompt.length === 1 ? "one token" : `${prompt.length} tokens`;
        verdict(...compared(what, values(results, `ours-${i}`), values(results, `theirs-${i}`)));
      }
      const last = values(results, `theirs-${prompts.length - 1}`).slice(-(decoded + 1) * tinyLlama.vocab);
      verdict(...compared(`${decoded} tokens decoded with a cache`, values(results, "decoded"), last));
    });
  } finally {
    if (!keep) await rm(folder, { recursive: true, force: true });
  }
}

function options(args: readonly string[]): { keep?: boolean; help?: boolean } {
  try {
    return parseArgs({
      args: [...args],
      options: { keep: { type: "boolean" }, help: { type: "boolean", short: "h" } },
    }).values;
  } catch (error) {
    throw new UserError(error instanceof Error ? error.message : String(error), { fix: "There is one option, --keep" });
  }
}

function ids(length: number, stream: number): number[] {
  const drawn = random.uniformValues(random.fold(random.key(seed), `prompt ${stream}`), length);
  return Array.from(drawn, (u) => Math.floor(u * tinyLlama.vocab));
}

type Work = {
  readonly folder: string;
  readonly results: string;
  readonly prompts: readonly number[][];
  readonly verdict: Verdict;
};

function countProblems(ready: Ready): string[] {
  return ready.parameters === parameters ? [] : [`${ready.parameters} are not ${parameters}`];
}

/** One side after the other: 4.4 GB each is enough for one machine. */
async function ours({ folder, results, prompts, verdict }: Work): Promise<void> {
  await withContestants([Contestant.kit("kintsugi", "tinyllama/worker.js")], async ([kit]) => {
    const ready = await kit.ask<Ready>("prepare", { folder });
    verdict("parameters", countProblems(ready));
    verdict("its config.json is the preset tinyLlama", ready.preset === true ? [] : ["it is another"]);
    const ms = await logits(kit, results, "ours", prompts);
    const file = join(results, "decoded");
    await kit.ask("decode", { ids: prompts[prompts.length - 1], prompt: readAtOnce, file });
    await note(kit, "kintsugi", ready, ms);
  });
}

async function theirs(python: string, version: string, { folder, results, prompts, verdict }: Work): Promise<void> {
  await withContestants([Contestant.peer("transformers", python, "tinyllama.py")], async ([torch]) => {
    const ready = await torch.ask<Ready>("prepare", { folder });
    verdict("parameters in transformers", countProblems(ready));
    await note(torch, `transformers ${version}`, ready, await logits(torch, results, "theirs", prompts));
  });
}

async function logits(side: Contestant, results: string, name: string, prompts: readonly number[][]): Promise<number> {
  let total = 0;
  for (const [i, prompt] of prompts.entries()) {
    total += (await side.ask<{ ms: number }>("logits", { ids: prompt, file: join(results, `${name}-${i}`) })).ms;
  }
  return total;
}

async function note(side: Contestant, name: string, ready: Ready, ms: number): Promise<void> {
  const { peakBytes } = await side.ask<{ peakBytes: number }>("memory");
  say(`  ${name}: loaded in ${seconds(ready.ms)}, prompts in ${seconds(ms)}, peak memory ${gigabytes(peakBytes)}`);
}

function values(results: string, name: string): Float32Array {
  const bytes = readFileSync(join(results, name));
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** What was compared and how far apart it is, and the problem with it. */
function compared(what: string, mine: Float32Array, reference: Float32Array): [what: string, problems: string[]] {
  let [difference, largest] = [0, 0];
  for (const [i, value] of reference.entries()) {
    // Written so that NaN on either side counts as a difference.
    const apart = Math.abs(mine[i] - value);
    if (!(apart <= difference)) difference = Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart;
    largest = Math.max(largest, Math.abs(value));
  }
  const text = `logits of ${what}: largest difference ${difference.toExponential(1)}, logits up to ${largest.toFixed(1)}`;
  if (mine.length !== reference.length || reference.length === 0)
    return [text, [`${mine.length} logits here, ${reference.length} there`]];
  return [text, difference <= tolerance ? [] : [`it is above ${tolerance}`]];
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

await check("check:tinyllama", (verdict) => main(process.argv.slice(2), verdict));
