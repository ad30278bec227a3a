/** `npm run bench -- serve`: the completions server under load, and under clients that misbehave. */
import { Contestant, withContestants } from "../harness/contestant.js";
import { busyNote, machineFacts } from "../harness/machine.js";
import { gigabytes, say, table } from "../harness/table.js";
import { type Load, load, scoredBody } from "./load.js";
import { trials } from "./trials.js";

/** What is served. */
export type Served = "pico" | "null";

const clients = [1, 8, 64];

/**
 * Throughput and latency with several clients, then right answers to wrong requests, then what the server itself costs.
 *
 * @param seconds of each load; default 60
 */
export async function benchServe({ seconds = 60 }: { readonly seconds?: number }): Promise<void> {
  say(machineFacts());
  say(`${seconds} s each. ${busyNote() ?? ""}`.trim());
  await withContestants([Contestant.kit("server", "serve/worker.js")], async ([server]) => {
    const { url } = await server.ask<{ url: string }>("start", { name: "pico" satisfies Served });
    const held = async (): Promise<number> => (await server.ask<{ bytes: number }>("held")).bytes;
    // Compiles the shapes that are asked for.
    await load(url, { clients: 64, seconds: Math.min(5, seconds), body: scoredBody(1) });
    const rows: string[][] = [];
    for (const count of clients) {
      const before = await held();
      const measured = await load(url, { clients: count, seconds, body: scoredBody(1) });
      rows.push([String(count), ...figures(measured), gigabytes(before), gigabytes(await held())]);
    }
    say("\npico, prompts of 60 tokens scored, one to a request");
    say(table(["clients", "requests/s", "p50 ms", "p99 ms", "errors", "memory before", "memory after"], rows));
    const before = await held();
    const tried = await trials(url);
    say(`\nclients that misbehave; memory ${gigabytes(before)} before, ${gigabytes(await held())} after`);
    say(table(["what", "asked", "answers", "as they should be", "a good request then"], tried));
    await server.ask("stop");
  });
  await withContestants([Contestant.kit("null", "serve/worker.js")], async ([server]) => {
    const { url } = await server.ask<{ url: string }>("start", { name: "null" satisfies Served });
    const few = Math.min(10, seconds);
    const scoring = { clients: 1, seconds: few, body: scoredBody(8) };
    const tokenizing = { clients: 1, seconds: few, path: "/tokenize", body: { prompt: "Once upon a time, there" } };
    for (const each of [scoring, tokenizing]) await load(url, { ...each, seconds: 1 });
    const sequences = 8 * perSecond(await load(url, scoring));
    const { median } = await load(url, tokenizing);
    say(`\na model of next to nothing, batch 8: ${sequences.toFixed(0)} sequences of 60 tokens/s (target 1,500)`);
    say(`/tokenize: ${median.toFixed(2)} ms, median (target: well under 1 ms)`);
    await server.ask("stop");
  });
}

function perSecond({ answered, seconds }: Load): number {
  return answered / seconds;
}

function figures(measured: Load): string[] {
  const { median, p99, errors } = measured;
  return [perSecond(measured).toFixed(1), median.toFixed(1), p99.toFixed(1), String(errors)];
}
