/**
 * `npm run check:tinyllama [-- --keep]`: a random checkpoint of TinyLlama-1.1B's exact shape, read by the kit and by
 * transformers, gives the same logits.
 */
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { random } from "../engine/index.js";
import { UserError } from "../errors.js";
import { tinyLlama } from "../model/index.js";
import { projectRoot } from "../source/index.js";
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

let [passed, failed] = [0, 0];

function verdict(ok: boolean, text: string): void {
  say(`${ok ? "✓" : "✗"} ${text}`);
  if (ok) passed++;
  else failed++;
}

async function main(args: readonly string[]): Promise<void> {
  const { keep, help } = options(args);
  if (help) return say("npm run check:tinyllama [-- --keep]   --keep leaves the 2.2 GB checkpoint in .cache/bench");
  const { python, versions } = await peer("torch");
  const folder = await randomCheckpoint();
  const results = await mkdtemp(join(projectRoot(), ".cache", "bench", "logits-"));
  try {
    const prompts = lengths.map((length, i) => ids(length, i));
    await ours(folder, results, prompts);
    await theirs(python, versions.transformers, folder, results, prompts);
    for (const [i, prompt] of prompts.entries()) {
      compare(
        prompt.length === 1 ? "one token" : `${prompt.length} tokens`,
        values(results, `ours-${i}`),
        values(results, `theirs-${i}`),
      );
    }
    const last = values(results, `theirs-${prompts.length - 1}`).slice(-(decoded + 1) * tinyLlama.vocab);
    compare(`${decoded} tokens decoded with a cache`, values(results, "decoded"), last);
  } finally {
    await rm(results, { recursive: true, force: true });
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

/** One side after the other: 4.4 GB each is enough for one machine. */
async function ours(folder: string, results: string, prompts: readonly number[][]): Promise<void> {
  await withContestants([Contestant.kit("kintsugi", "tinyllama/worker.js")], async ([kit]) => {
    const ready = await kit.ask<Ready>("prepare", { folder });
    verdict(ready.parameters === parameters, `${ready.parameters.toLocaleString("en")} parameters`);
    verdict(ready.preset === true, "its config.json is the preset tinyLlama");
    const ms = await logits(kit, results, "ours", prompts);
    const file = join(results, "decoded");
    await kit.ask("decode", { ids: prompts[prompts.length - 1], prompt: readAtOnce, file });
    await note(kit, "kintsugi", ready, ms);
  });
}

async function theirs(
  python: string,
  version: string,
  folder: string,
  results: string,
  prompts: readonly number[][],
): Promise<void> {
  await withContestants([Contestant.peer("transformers", python, "tinyllama.py")], async ([torch]) => {
    const ready = await torch.ask<Ready>("prepare", { folder });
    verdict(ready.parameters === parameters, `${ready.parameters.toLocaleString("en")} parameters in transformers`);
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

function compare(what: string, mine: Float32Array, reference: Float32Array): void {
  let [difference, largest] = [0, 0];
  for (const [i, value] of reference.entries()) {
    // Written so that NaN on either side counts as a difference.
    const apart = Math.abs(mine[i] - value);
    if (!(apart <= difference)) difference = Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart;
    largest = Math.max(largest, Math.abs(value));
  }
  const ok = mine.length === reference.length && reference.length > 0 && difference <= tolerance;
  verdict(
    ok,
    `logits of ${what}: largest difference ${difference.toExponential(1)} (≤ ${tolerance}), logits up to ${largest.toFixed(1)}`,
  );
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  failed++;
  if (error instanceof UserError) console.error(`check:tinyllama: ${error.message}`);
  else console.error(error);
}
if (passed + failed > 0) say(`${passed} passed, ${failed} failed`);
if (failed > 0) process.exitCode = 1;
