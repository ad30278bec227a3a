/** Learning rate and weight decay over a run, as functions of tokens seen. */
import { UserError } from "../errors.js";

/** A rate as a function of tokens seen. */
export type Schedule = (tokens: number) => number;

/**
 * The course of the rates over a run, as plain JSON. Rates are fractions of their peaks, lengths are in tokens.
 *
 * | kind | after the warm-up, which rises linearly from 0 |
 * |---|---|
 * | `constant` | the peak |
 * | `cosine` | half a cosine down to `floor` |
 * | `linear` | a line down to `floor` |
 * | `warmupStableDecay` | the peak, and a line down to `floor` over the last `decayTokens` |
 * | `twoStage` | a line down to `firstEnd` until `switchAt` of the run, then from `secondStart` down to `floor`, without weight decay |
 *
 * @source `warmupStableDecay`: S. Hu et al., MiniCPM (2024); `twoStage`: The Era of 1-bit LLMs, training tips (2024): ternary
 * weights gain most when the learning rate falls, and weight decay, which is constant elsewhere, then only hurts
 */
export type ScheduleSpec =
  | { readonly kind: "constant"; readonly warmupTokens: number }
  | { readonly kind: "cosine"; readonly warmupTokens: number; readonly floor: number }
  | { readonly kind: "linear"; readonly warmupTokens: number; readonly floor: number }
  | {
      readonly kind: "warmupStableDecay";
      readonly warmupTokens: number;
      readonly decayTokens: number;
      readonly floor: number;
    }
  | {
      readonly kind: "twoStage";
      readonly warmupTokens: number;
      readonly switchAt: number;
      readonly firstEnd: number;
      readonly secondStart: number;
      readonly floor: number;
    };

/** What a run multiplies its schedule by, and how long it is. */
export type Peaks = {
  readonly learningRate: number;
  readonly weightDecay: number;
  /** Tokens of the whole run, warm-up included. */
  readonly totalTokens: number;
};

/** What both rates are in the course of a run. */
export type Schedules = { readonly learningRate: Schedule; readonly weightDecay: Schedule };

/**
 * The rates of a run.
 *
 * There is one horizon, `totalTokens`, whatever the lengths of the sequences: a change of length must not restart it.
 *
 * @throws UserError when the parts do not fit into the run
 */
export function schedules(spec: ScheduleSpec, { learningRate, weightDecay, totalTokens }: Peaks): Schedules {
  checkSpec(spec, totalTokens);
  const after = courses[spec.kind](spec as never, totalTokens);
  const { warmupTokens } = spec;
  const course = (tokens: number): number => (tokens < warmupTokens ? tokens / warmupTokens : after(tokens));
  return {
    learningRate: (tokens) => learningRate * course(tokens),
    weightDecay: (tokens) => (spec.kind === "twoStage" && tokens >= spec.switchAt * totalTokens ? 0 : weightDecay),
  };
}

type Courses = {
  readonly [Kind in ScheduleSpec["kind"]]: (spec: Extract<ScheduleSpec, { kind: Kind }>, total: number) => Schedule;
};

const courses: Courses = {
  constant: () => () => 1,
  cosine: ({ warmupTokens, floor }, total) => {
    const done = progress(warmupTokens, total);
    return (tokens) => floor + ((1 - floor) * (1 + Math.cos(Math.PI * done(tokens)))) / 2;
  },
  linear: ({ warmupTokens, floor }, total) => line(warmupTokens, total, 1, floor),
  warmupStableDecay: ({ decayTokens, floor }, total) => line(total - decayTokens, total, 1, floor),
  twoStage: ({ warmupTokens, switchAt, firstEnd, secondStart, floor }, total) => {
    const middle = switchAt * total;
    const first = line(warmupTokens, middle, 1, firstEnd);
    const second = line(middle, total, secondStart, floor);
    return (tokens) => (tokens < middle ? first(tokens) : second(tokens));
  },
};

/** 0 up to `from`, 1 after `to`, linear between. */
function progress(from: number, to: number): Schedule {
  return (tokens) => Math.min(1, Math.max(0, (tokens - from) / (to - from)));
}

function line(from: number, to: number, start: number, end: number): Schedule {
  const done = progress(from, to);
  return (tokens) => start + (end - start) * done(tokens);
}

function checkSpec(spec: ScheduleSpec, totalTokens: number): void {
  const numbers = Object.entries(spec).filter((entry): entry is [string, number] => typeof entry[1] === "number");
  const bad = numbers.find(([, value]) => !(value >= 0));
  if (bad !== undefined)
    throw new UserError(`schedule ${spec.kind}: ${bad[0]} is ${bad[1]}`, { expected: "0 or more" });
  const taken = spec.warmupTokens + (spec.kind === "warmupStableDecay" ? spec.decayTokens : 0);
  if (taken >= totalTokens) {
    throw new UserError(`schedule ${spec.kind}: its parts take ${taken} of ${totalTokens} tokens`, {
      fix: "Shorten the warm-up, or train longer",
    });
  }
}

/** From 0 up to 1 over the first tokens, and 1 from there on: λ of `partlyRounded` while rounding sets in. */
export function rising(tokens: number): Schedule {
  return line(0, tokens, 0, 1);
}

export type Horizon = {
  /** Highest learning rate. */
  readonly peak: number;
  /** Last learning rate; default a tenth of the peak. */
  readonly floor?: number;
  /** Tokens of linear warm-up from 0. */
  readonly warmupTokens: number;
  /** Tokens of the whole run. */
  readonly totalTokens: number;
};

/** Linear warm-up, then half a cosine from `peak` to `floor`. */
export function cosine({ peak, floor = peak / 10, warmupTokens, totalTokens }: Horizon): Schedule {
  const spec: ScheduleSpec = { kind: "cosine", warmupTokens, floor: floor / peak };
  return schedules(spec, { learningRate: peak, weightDecay: 0, totalTokens }).learningRate;
}

/** The same rate throughout. */
export function constant(rate: number): Schedule {
  return () => rate;
}
