/** How far a study is, for a terminal: pure functions of what its conductor tells, and the few lines that draw them. */
import { formatNumber, formatSeconds } from "../numbers.js";
import type { StudyProgress } from "./conduct.js";
import { type Pace, paceAfter, type Speed, speedOf } from "./pace.js";
import { stepsOf } from "./spec.js";

/** What is known of a study after some steps. */
export type Watched = {
  readonly latest: StudyProgress;
  /** When the first step was seen, in milliseconds, and how much was done by then. */
  readonly first: { readonly at: number; readonly tokensDone: number };
  /** When the latest was. */
  readonly at: number;
  /** Of each run, by its name: several may be under way. */
  readonly paces: ReadonlyMap<string, Pace>;
};

/** What is known after one more step. */
export function watched(before: Watched | undefined, latest: StudyProgress, at: number): Watched {
  const first = before?.first ?? { at, tokensDone: latest.tokensDone };
  const name = nameOf(latest);
  const paces = new Map(before?.paces).set(name, paceAfter(before?.paces.get(name), latest.step));
  return { latest, first, at, paces };
}

/**
 * Seconds until the study is done, at the speed it has had since it was started: compiling, validating and the change
 * from run to run are in it.
 *
 * @returns nothing after a single step
 */
export function secondsLeft({ latest, first, at }: Watched): number | undefined {
  const done = latest.tokensDone - first.tokensDone;
  if (done <= 0 || at <= first.at) return undefined;
  return ((at - first.at) / 1000 / done) * Math.max(0, latest.tokens - latest.tokensDone);
}

/** The whole picture: a line for the study, one for the run under way. */
export function dashboardLines(watched: Watched): readonly string[] {
  const { run, step } = watched.latest;
  return [
    summary(watched),
    [nameOf(watched.latest), bar(step.step / stepsOf(run.spec)), ...figures(watched)].join("  "),
  ];
}

/** The same in one line, for a log. */
export function logLine(watched: Watched): string {
  return `${summary(watched)} · ${[nameOf(watched.latest), ...figures(watched)].join(", ")}`;
}

function summary(watched: Watched): string {
  const { run, runs, runsDone } = watched.latest;
  const left = secondsLeft(watched);
  const end = left === undefined ? "" : ` · about ${formatSeconds(left)} left`;
  return `${run.study}: run ${runsDone + 1} of ${runs}${end}`;
}

function nameOf({ run }: StudyProgress): string {
  return `${run.arm} seed ${run.seed}`;
}

function figures({ latest, paces }: Watched): readonly string[] {
  const { run, step } = latest;
  const loss = [`step ${step.step} of ${stepsOf(run.spec)}`, `${step.lossNats.toFixed(4)} nats`];
  const speed = speedOf(paces.get(nameOf(latest))!, run.spec);
  return speed === undefined ? loss : [...loss, ...speedWords(speed)];
}

/** A speed for a terminal. */
export function speedWords({ tokensPerSecond, secondsLeft }: Speed): readonly string[] {
  return [`${formatNumber(Math.round(tokensPerSecond))} tokens/s`, `${formatSeconds(secondsLeft)} left`];
}

function bar(share: number, places = 20): string {
  const full = Math.round(places * Math.min(1, share));
  return "█".repeat(full) + "░".repeat(places - full);
}

/** The shortest time between two pictures on a terminal, and between two lines of a log. */
const pictureMs = 250;
const lineMs = 30_000;

/** Where a dashboard draws. */
export type DashboardStream = {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
};

/** Draws a study's progress: in place on a terminal, else a line every half minute. */
export class Dashboard {
  private seen: Watched | undefined;
  private drawnAt = Number.NEGATIVE_INFINITY;
  /** Lines that stand on the terminal. */
  private drawn = 0;

  /** @param clock milliseconds from anywhere */
  constructor(
    private readonly stream: DashboardStream = process.stdout,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  /** Takes a step; draws when it is time to. */
  readonly report = (progress: StudyProgress): void => {
    this.seen = watched(this.seen, progress, this.clock());
    if (this.clock() - this.drawnAt >= (this.stream.isTTY === true ? pictureMs : lineMs)) this.draw(this.seen);
  };

  /** Writes a line that stays; the picture goes on below it. */
  readonly say = (message: string): void => {
    this.clear();
    this.stream.write(`${message}\n`);
  };

  /** Takes the picture away. */
  end(): void {
    this.clear();
  }

  private draw(seen: Watched): void {
    this.drawnAt = this.clock();
    if (this.stream.isTTY !== true) {
      this.stream.write(`${logLine(seen)}\n`);
      return;
    }
    this.clear();
    // A line that the terminal would break counts as two, and the next picture would begin too low.
    const lines = dashboardLines(seen).map((line) => [...line].slice(0, (this.stream.columns ?? 80) - 1).join(""));
    this.stream.write(lines.map((line) => `${line}\n`).join(""));
    this.drawn = lines.length;
  }

  private clear(): void {
    if (this.drawn > 0) this.stream.write(`\u001b[${this.drawn}A\r\u001b[J`);
    this.drawn = 0;
  }
}
