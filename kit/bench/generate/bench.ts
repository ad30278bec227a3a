import { UserError } from "../../errors.js";
import type { Tokenizer } from "../../text/index.js";
import { open, requireTokenizer } from "../../weights/index.js";
import { Contestant, withContestants } from "../harness/contestant.js";
import { exported } from "../harness/exported.js";
import { busyNote, machineFacts } from "../harness/machine.js";
import { interleave, speedup, spread } from "../harness/rounds.js";
import { gigabytes, say, shown, table } from "../harness/table.js";
import { peer } from "../peers.js";

const name = "smollm2-135m";
const [newTokens, promptTokens] = [96, 256];
const memoryLimit = 1.5e9;

const shortPrompt = "The first thing to know about glaciers is that";
const longText =
  "A glacier is a body of ice that moves under its own weight. It forms where more snow falls than melts, year after year. ";

type Reply = { readonly ms: number; readonly ids: readonly number[] };

/** `bench -- generate`: a real model's prompt and its decoding with a cache, against transformers in float32. */
export async function benchGenerate({ rounds = 7, only }: { rounds?: number; only?: string }): Promise<void> {
  if (only !== undefined) throw new UserError("bench generate has no parts", { fix: "Leave --only out" });
  const { python, versions } = await peer("torch");
  const folder = await exported(name);
  const { short, long } = prompts(requireTokenizer(name, (await open(name)).tokenizer));
  say(`${machineFacts()} · transformers ${versions.transformers} · PyTorch ${versions.torch}`);
  say(`${rounds} interleaved rounds. ${busyNote() ?? ""}`.trim());
  const kit = Contestant.kit("kintsugi", "generate/worker.js");
  const torch = Contestant.peer("transformers", python, "generate.py");
  await withContestants([kit, torch], async (all) => {
    const ready = [
      await kit.ask<Reply>("prepare", { name, backend: "xla" }),
      await torch.ask<Reply>("prepare", { name: folder }),
    ];
    say(`  ready after ${all.map((c, i) => `${(ready[i].ms / 1000).toFixed(1)} s (${c.name})`).join(", ")}`);
    const tasks = [
      { label: `prompt of ${long.length} tokens`, op: "prompt", ids: long, tokens: long.length },
      { label: `${newTokens} tokens, one by one`, op: "decode", ids: short, tokens: newTokens },
    ];
    const rows: string[][] = [];
    for (const { label, op, ids, tokens } of tasks) {
      const once = (c: Contestant): Promise<Reply> => c.ask<Reply>(op, { ids, count: newTokens });
      const first = [await once(kit), await once(torch)];
      sameIds(label, first[0].ids, first[1].ids);
      const times = await interleave(all, rounds, async (c) => (await once(c)).ms);
      const speeds = times.map((series) => shown(spread(series.map((ms) => tokens / (ms / 1000))), 1));
      const firstS = first.map(({ ms }) => (ms / 1000).toFixed(1)).join(" | ");
      rows.push([label, ...speeds, `${speedup(times[0], times[1]).median.toFixed(2)} ×`, firstS]);
    }
    say("\nSmolLM2-135M, float32, greedy; tokens/s: median (min–max)");
    say(table(["task", "kintsugi", "transformers", "kintsugi : transformers", "first call s"], rows));
    say("equal ids on both sides");
    say(await readingOnly(torch, rounds));
    const [ours, theirs] = await Promise.all(all.map((c) => c.ask<{ peakBytes: number }>("memory")));
    const verdict = ours.peakBytes <= memoryLimit ? "within" : "ABOVE";
    say(
      `peak memory: ${gigabytes(ours.peakBytes)} (${verdict} ${gigabytes(memoryLimit)}), transformers ${gigabytes(theirs.peakBytes)}`,
    );
  });
}

/** What no program that keeps float32 weights can go below: the time of reading them. */
async function readingOnly(torch: Contestant, rounds: number): Promise<string> {
  const reads: { ms: number; bytes: number }[] = [];
  for (let i = 0; i < rounds; i++) reads.push(await torch.ask<{ ms: number; bytes: number }>("floor"));
  const { median } = spread(reads.map(({ ms }) => ms));
  const speed = reads[0].bytes / 1e6 / median;
  return `reading all matrices once (${gigabytes(reads[0].bytes)}, PyTorch's products of one row): ${median.toFixed(1)} ms, ${speed.toFixed(1)} GB/s, so at most ${(1000 / median).toFixed(1)} tokens/s in float32 on this machine`;
}

function prompts(tokenizer: Tokenizer): { short: readonly number[]; long: readonly number[] } {
  const long = [...tokenizer.encode(longText.repeat(20))].slice(0, promptTokens);
  return { short: [...tokenizer.encode(shortPrompt)], long };
}

/** @throws UserError when the two sides say different things: then their times mean nothing. */
function sameIds(label: string, ours: readonly number[], theirs: readonly number[]): void {
  const at = ours.findIndex((id, i) => id !== theirs[i]);
  if (at < 0 && ours.length === theirs.length) return;
  throw new UserError(`${label}: token ${at + 1} is ${ours[at]}`, { expected: `${theirs[at]} as transformers says` });
}
