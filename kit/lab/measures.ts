/** What each kind of measurement does. */
import { free, scope, type Tensor } from "../engine/index.js";
import { UserError } from "../errors.js";
import {
  adaptationSpread,
  adaptations,
  focus,
  mapOverlap,
  meanLoss,
  recency,
  type TokenLosses,
  tokenLosses,
  withoutAdapting,
} from "../measure/index.js";
import { batch, type Model } from "../model/index.js";
import { boundaryOf, type CorpusSpec, openCorpus, splitCorpus, type Tokenizer } from "../text/index.js";
import { classedTexts } from "./classes.js";
import type { Figures, HeldOut, MeasureSpec, Texts } from "./measurement.js";
import { plantedTexts } from "./planted.js";
import { heldOutShare } from "./spec.js";
import { total } from "./statistics.js";

/** A model that can read. */
export type Reader = { readonly model: Model<Tensor>; readonly tokenizer: Tokenizer };

type Measures = {
  readonly [K in MeasureSpec["kind"]]: (
    reader: Reader,
    spec: Extract<MeasureSpec, { readonly kind: K }>,
  ) => Promise<Figures>;
};

const measures: Measures = {
  loss: async (reader, spec) => {
    const losses = tokenLosses(reader.model, await heldOut(reader, spec));
    const late = behindFirstQuarter(spec);
    return {
      nats: each(losses, () => true),
      natsEarly: each(losses, (at) => !late(at)),
      natsLate: each(losses, late),
    };
  },
  recency: async (reader, spec) => {
    const { tokens } = spec;
    const losses = tokenLosses(reader.model, await heldOut(reader, spec));
    const seen = losses.map(({ ids }) => recency(ids));
    const within = (from: number, to: number): (number | null)[] =>
      losses.map((one, text) => known(meanLoss(one, (at) => seen[text][at] >= from && seen[text][at] < to)));
    return {
      natsNear: within(1, 16),
      natsMiddle: within(16, 64),
      natsFar: within(64, tokens + 1),
      natsNew: within(0, 1),
    };
  },
  shift: async (reader, { corpus, texts, tokens }) => {
    const rows = await separate(reader, { corpus, texts: 2 * texts, tokens });
    const [first, second] = [rows.slice(0, texts), rows.slice(texts)];
    const boundary = Int32Array.of(boundaryOf(reader.tokenizer));
    const alone = tokenLosses(
      reader.model,
      second.map((ids) => joined(boundary, ids)),
    );
    const after = tokenLosses(
      reader.model,
      second.map((ids, text) => joined(boundary, first[text], ids)),
    );
    return {
      natsAlone: each(alone, () => true),
      natsAfter: each(after, (at) => at > tokens),
    };
  },
  planted: async ({ model, tokenizer }, spec) => {
    const texts = plantedTexts(tokenizer, spec);
    const losses = tokenLosses(
      model,
      texts.map(({ ids }) => ids),
    );
    const where = texts.map(({ ids, asked, told }) => focus(model, [...ids.subarray(0, asked)], told));
    return {
      natsName: losses.map((one, text) => known(meanLoss(one, (at) => at >= texts[text].asked))),
      irrelevant: where.map(({ irrelevant }) => irrelevant),
      entropy: where.map(({ entropy }) => entropy),
    };
  },
  overlap: async (reader, spec) => {
    const rows = await heldOut(reader, spec);
    return { overlap: rows.map((row) => mapOverlap(reader.model, [...row.subarray(0, spec.tokens)])) };
  },
  classes: async ({ model, tokenizer }, { texts }) => {
    const asked = classedTexts(tokenizer, texts);
    const losses = tokenLosses(
      model,
      asked.flatMap(({ ids, classes }) => classes.map((end) => joined(ids, end))),
    );
    let at = 0;
    const costs = asked.map(({ classes }) => classes.map((end) => total(losses[at++].nats.slice(-end.length))));
    return {
      natsClass: costs.map((nats, text) => nats[asked[text].right] + logSumExp(nats.map((cost) => -cost))),
      right: costs.map((nats, text) => (nats[asked[text].right] === Math.min(...nats) ? 1 : 0)),
    };
  },
  adaptation: async (reader, spec) => {
    const { model } = reader;
    const rows = await heldOut(reader, spec);
    const parts = adaptations(
      model,
      scope(() => batch(rows.map((row) => row.subarray(0, spec.tokens)))),
    );
    const spread = adaptationSpread(parts);
    if (spread === undefined) throw new UserError("the model has no part that adapts to a text");
    const fixed = withoutAdapting(model, parts);
    // At its beginning a text has told no more than that it begins, which is worth a nat of its first token.
    const [as, without] = [model, fixed].map((one) => each(tokenLosses(one, rows), behindFirstQuarter(spec)));
    free(fixed.params.layers.map(({ mixerNorm, mlpNorm }) => [mixerNorm, mlpNorm]));
    return { spread, nats: as, natsFixed: without };
  },
};

/**
 * Takes a measurement: one number for each text, of each figure of its kind.
 *
 * | kind | figures |
 * |---|---|
 * | `loss` | `nats` of a token; `natsEarly`, `natsLate`: of the first quarter of the positions, of the others |
 * | `recency` | `natsNear`, `natsMiddle`, `natsFar`, `natsNew`: of tokens last seen within 15, 63, more tokens, or never |
 * | `shift` | `natsAlone`, `natsAfter`: of a text by itself, and directly behind another one |
 * | `planted` | `natsName` of a name asked for; `irrelevant`, `entropy` of the attention that looks for it |
 * | `overlap` | `overlap` of the two maps of a pair |
 * | `classes` | `natsClass` of the right class among four; `right`: 1 where it is the likeliest, or 0 |
 * | `adaptation` | `spread` of gains and gates; `nats`, `natsFixed`: behind the first quarter, as the model is and with gains and gates at their means |
 *
 * @throws UserError when the model cannot be measured so
 */
export function measured(reader: Reader, spec: MeasureSpec): Promise<Figures> {
  // The union and its entry agree by construction, which TypeScript cannot follow.
  return (measures[spec.kind] as (reader: Reader, spec: MeasureSpec) => Promise<Figures>)(reader, spec);
}

function each(losses: readonly TokenLosses[], chosen: (at: number) => boolean): (number | null)[] {
  return losses.map((one) => known(meanLoss(one, chosen)));
}

function behindFirstQuarter({ tokens }: Texts): (at: number) => boolean {
  return (at) => at > tokens / 4;
}

/** `ln Σ exp(x)`. */
function logSumExp(values: readonly number[]): number {
  const most = Math.max(...values);
  return most + Math.log(total(values.map((value) => Math.exp(value - most))));
}

function known(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

async function heldOutDocuments(tokenizer: Tokenizer, spec: CorpusSpec): Promise<readonly Int32Array[]> {
  const { validation } = splitCorpus(await openCorpus(spec), heldOutShare);
  return validation.texts.map((text) => Int32Array.from(tokenizer.encode(text)));
}

/** Held-out documents, one behind the other or each by itself, as rows of `tokens` ids behind a boundary. */
async function heldOut(reader: Reader, spec: HeldOut): Promise<readonly Int32Array[]> {
  const { corpus, texts, tokens } = spec;
  const boundary = boundaryOf(reader.tokenizer);
  if (spec.documents === "apart") {
    return (await separate(reader, spec)).map((ids) => joined(Int32Array.of(boundary), ids));
  }
  const documents = await heldOutDocuments(reader.tokenizer, corpus);
  const ids = documents.flatMap((document) => [...document, boundary]);
  enough(Math.floor(ids.length / tokens), texts);
  return Array.from({ length: texts }, (_, i) => Int32Array.of(boundary, ...ids.slice(i * tokens, (i + 1) * tokens)));
}

/** The beginnings of held-out documents that are long enough. */
async function separate({ tokenizer }: Reader, { corpus, texts, tokens }: Texts): Promise<readonly Int32Array[]> {
  const long = (await heldOutDocuments(tokenizer, corpus)).filter(({ length }) => length >= tokens);
  enough(long.length, texts);
  return long.slice(0, texts).map((ids) => ids.subarray(0, tokens));
}

function enough(found: number, texts: number): void {
  if (found >= texts) return;
  throw new UserError(`the corpus holds out ${found} such texts`, { where: "a measurement", expected: `${texts}` });
}

function joined(...parts: readonly Int32Array[]): Int32Array {
  return Int32Array.from(parts.flatMap((part) => [...part]));
}
