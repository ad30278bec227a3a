/**
 * `npm run check:transformers`: models that the kit exports, in the real transformers: the same logits, the same likeliest
 * tokens; a step taken there text by text is that of all texts at once; trained there and saved, they come back with the
 * logits they have there. GGUF files hold, in the gguf package, what the folder for transformers holds.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import * as engine from "../engine/index.js";
import { batch, Decoder, leaks, logits, type Model } from "../model/index.js";
import { load, save, saveGguf } from "../weights/index.js";
import { check, inScratch, type Verdict } from "./harness/check.js";
import { Contestant, withContestants } from "./harness/contestant.js";
import { say } from "./harness/table.js";
import { peer } from "./peers.js";
import { cases, modelOf } from "./transformers/cases.js";

const tolerance = 1e-4;
const [texts, length, generated, learningRate] = [2, 40, 6, 0.05];

type Place = {
  readonly torch: Contestant;
  readonly gguf: Contestant;
  readonly folder: string;
  readonly verdict: Verdict;
};

async function main(verdict: Verdict): Promise<void> {
  const { python, versions } = await peer("torch");
  const { python: ggufPython, versions: ggufVersions } = await peer("gguf");
  say(`transformers ${versions.transformers}, torch ${versions.torch}, gguf ${ggufVersions.gguf}`);
  await inScratch("transformers", async (folder) => {
    // The Python that folders bring is copied there before it runs.
    const env = { HF_HOME: join(folder, "home"), HF_HUB_OFFLINE: "1" };
    const peers = [
      Contestant.peer("transformers", python, "checkpoints.py", env),
      Contestant.peer("gguf", ggufPython, "ggufs.py"),
    ];
    await withContestants(peers, async ([torch, gguf]) => {
      const place: Place = { torch, gguf, folder, verdict };
      for (const [i, name] of Object.keys(cases).entries()) await thereAndBack(name, i, place);
      for (const type of ["F32", "F16", "BF16", "Q8_0"] as const) await throughGguf(type, place);
    });
  });
}

/** A case in transformers and, trained there, back in the kit. */
async function thereAndBack(name: string, seed: number, { torch, folder, verdict }: Place): Promise<void> {
  const model = modelOf(cases[name], seed);
  const [out, file] = [join(folder, `case-${seed}`), join(folder, "logits")];
  await save(model, out, { format: "huggingface" });
  const found = await torch.ask<{ readonly class: string }>("load", { folder: out });
  await torch.ask("logits", { ids, file });
  const there = difference(logitsOf(model), valuesIn(file));
  const tokens = await torch.ask<number[]>("generate", { ids: ids[0], count: generated });
  const apart = await torch.ask<{ loss: number; gradient: number }>("accumulate", { ids });
  const losses = await torch.ask<{ before: number; after: number }>("train", {
    ids,
    learningRate,
    out: `${out}-trained`,
  });
  await torch.ask("logits", { ids, file });
  const { model: trained } = await load(`${out}-trained`);
  const back = difference(logitsOf(trained), valuesIn(file));
  verdict(`${name}: ${found.class}, logits ${there.toExponential(1)} there, ${back.toExponential(1)} back`, [
    ...(there <= tolerance ? [] : [`logits there differ by ${there}`]),
    ...(back <= tolerance ? [] : [`logits of what came back differ by ${back}`]),
    ...(apart.loss <= tolerance ? [] : [`the loss of a step taken text by text differs by ${apart.loss} of it`]),
    ...(apart.gradient <= tolerance ? [] : [`its gradient differs by ${apart.gradient} of the largest`]),
    ...(losses.after < losses.before ? [] : [`training there: ${losses.before} nats, then ${losses.after}`]),
    ...configProblems(model, trained),
    ...tokenProblems(model, tokens),
  ]);
}

const ids: readonly number[][] = Array.from({ length: texts }, (_, text) => {
  const drawn = engine.random.uniformValues(engine.random.fold(engine.random.key(7), `text ${text}`), length);
  return Array.from(drawn, (u) => Math.floor(u * 64));
});

function logitsOf(model: Model<engine.Tensor>): Float32Array {
  return engine.scope(() => engine.read(logits(model, batch(ids)))) as Float32Array;
}

function valuesIn(file: string): Float32Array {
  const bytes = readFileSync(file);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** The largest difference; infinite where there is a NaN or another number of values. */
function difference(mine: Float32Array, theirs: Float32Array): number {
  if (mine.length !== theirs.length) return Number.POSITIVE_INFINITY;
  return mine.reduce((most, value, i) => {
    const apart = Math.abs(value - theirs[i]);
    return Number.isNaN(apart) ? Number.POSITIVE_INFINITY : Math.max(most, apart);
  }, 0);
}

function configProblems({ config: before }: Model<engine.Tensor>, { config: after }: Model<engine.Tensor>): string[] {
  // transformers sorts the fields.
  if (isDeepStrictEqual(before, after)) return [];
  return [`its config was ${JSON.stringify(before)}`, `and came back as ${JSON.stringify(after)}`];
}

/** A model that sees the whole text reads it again for each token there, but not here: no two of these need agree. */
function tokenProblems(model: Model<engine.Tensor>, theirs: readonly number[]): string[] {
  if (theirs.length !== generated) return [`${theirs.length} tokens generated`];
  if (leaks(model.config).length > 0) return [];
  const decoder = new Decoder(model);
  const mine: number[] = [];
  for (let row = decoder.prompt([[...ids[0]]]); mine.length < generated; row = decoder.next([mine[mine.length - 1]]))
    mine.push(row.reduce((best, value, id) => (value > row[best] ? id : best), 0));
  decoder.reset();
  return `${mine}` === `${theirs}` ? [] : [`the likeliest tokens are ${mine}, there ${theirs}`];
}

type Compared = { readonly worst: number; readonly same: boolean; readonly left: string[]; readonly tokens: number };

/** Largest difference of a value to the largest of its tensor that rounding to a type explains. */
const rounding = { F32: 0, F16: 2 ** -11, BF16: 2 ** -8, Q8_0: 0.006 } as const;

/** pico, with its tokenizer. */
async function throughGguf(type: keyof typeof rounding, { gguf, folder, verdict }: Place): Promise<void> {
  const pico = await load("pico");
  const [hf, file] = [join(folder, `gguf-${type}`), join(folder, `${type}.gguf`)];
  await save(pico.model, hf, { dtype: "F32" });
  await saveGguf(pico.model, file, { like: pico, dtype: type });
  const weights = join(hf, "model.safetensors");
  const found = await gguf.ask<Compared>("compare", { file, weights });
  const back = await load(file);
  const apart = difference(logitsOf(pico.model), logitsOf(back.model));
  const text = "once upon a time there was a dog";
  const same = `${pico.tokenizer?.encode(text)}` === `${back.tokenizer?.encode(text)}`;
  verdict(`GGUF ${type}: values ${found.worst.toExponential(1)}, logits ${apart.toExponential(1)} back`, [
    ...(found.worst <= rounding[type] ? [] : [`the gguf package reads values ${found.worst} apart`]),
    ...(found.same ? [] : ["Q8_0 is not what the gguf package makes of it"]),
    ...(found.left.length === 0 ? [] : [`the gguf package knows no ${found.left.join(", ")}`]),
    ...(found.tokens === pico.model.config.vocab ? [] : [`${found.tokens} tokens`]),
    ...(type !== "F32" || apart <= 1e-6 ? [] : [`logits of what came back differ by ${apart}`]),
    ...(same ? [] : ["its tokenizer came back as another"]),
  ]);
}

await check("check:transformers", main);
