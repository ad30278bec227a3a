/** How far a study is, for a terminal: a pure function of events, and the few lines that draw it. */
import { formatNumber, formatSeconds } from "../numbers.js";
import type { StepRecord } from "../train/index.js";
import type { RunEnding } from "./run.js";
import { budgetOf, type Run, stepsOf } from "./spec.js";

type Which = Pick<Run, "arm" | "seed">;

/** What a study's runner tells while it works. Learning rates may still be unknown: nothing here depends on them. */
export type StudyEvent =
  | { readonly kind: "planned"; readonly study: string; readonly runs: readonly Run[] }
  | ({ readonly kind: "step"; readonly line: StepRecord } & Which)
  | ({ readonly kind: "ended"; readonly ending: RunEnding } & Which);

/** A run of the plan. */
export type RunProgress = Which & {
  readonly steps: number;
  readonly tokens: number;
  /** Its latest step since the study was started; absent while it waits and when it has ended. */
  readonly at?: StepRecord;
  /** Mean over its latest steps. Absent until one was measured: the first has the compilation in it. */
  readonly msPerToken?: number;
  readonly ending?: RunEnding;
};

/** A study under way; runs that ended stand behind the others, in the order they ended. */
export type StudyProgress = { readonly study: string; readonly runs: readonly RunProgress[] };

/** Weight of a new step in the mean of a run's speed. */
const freshness = 0.1;

/** Before the plan is known. */
export const nothingPlanned: StudyProgress = { study: "", runs: [] };

/** What is known after an event. Events of runs outside the plan change nothing. */
export function afterEvent(progress: StudyProgress, event: StudyEvent): StudyProgress {
  if (event.kind === "planned") {
    const runs = event.runs.map(({ arm, seed, spec }) => ({ arm, seed, steps: stepsOf(spec), tokens: budgetOf(spec) }));
    return { study: event.study, runs };
  }
  const run = progress.runs.find(({ arm, seed }) => arm === event.arm && seed === event.seed);
  if (run === undefined) return progress;
  if (event.kind === "step") {
    const next = { ...run, ending: undefined, at: event.line, msPerToken: speed(run, event.line) };
    return { ...progress, runs: progress.runs.map((one) => (one === run ? next : one)) };
  }
  const { at, ...rest } = run;
  const others = progress.runs.filter((one) => one !== run);
  return { ...progress, runs: [...others, { ...rest, ending: event.ending }] };
}

function speed({ at, msPerToken }: RunProgress, line: StepRecord): number | undefined {
  if (at === undefined || line.tokens <= at.tokens) return msPerToken;
  const now = line.stepMs / (line.tokens - at.tokens);
  return msPerToken === undefined ? now : (1 - freshness) * msPerToken + freshness * now;
}

/**
 * Seconds until every run has ended: what is left of each at its own speed, or at the mean speed of those that were
 * measured, shared by as many as run at once.
 *
 * @returns nothing before a speed was measured
 */
export function secondsLeft({ runs }: StudyProgress): number | undefined {
  const speeds = runs.flatMap(({ msPerToken }) => (msPerToken === undefined ? [] : [msPerToken]));
  if (speeds.length === 0) return undefined;
  const usual = speeds.reduce((sum, ms) => sum + ms, 0) / speeds.length;
  const open = runs.filter((run) => !isOver(run));
  const ms = open.reduce((sum, run) => sum + tokensLeft(run) * (run.msPerToken ?? usual), 0);
  return ms / 1000 / Math.max(1, open.filter(isRunning).length);
}

function tokensLeft({ tokens, at }: RunProgress): number {
  return Math.max(0, tokens - (at?.tokens ?? 0));
}

function isRunning({ at }: RunProgress): boolean {
  return at !== undefined;
}

/** An interrupted run goes on when it is started again. */
function isOver({ ending }: RunProgress): boolean {
  return ending !== undefined && ending !== "interrupted";
}

/** The whole picture: the study, a line for each run under way, and those that ended last. */
export function dashboardLines(progress: StudyProgress): readonly string[] {
  const running = progress.runs.filter(isRunning);
  const names = running.map(nameOf);
  const width = Math.max(0, ...names.map((name) => name.length));
  const lines = running.map((run, i) => `${names[i].padEnd(width)}  ${bar(run)}  ${describe(run)}`);
  const ended = progress.runs.filter(({ ending }) => ending !== undefined && ending !== "done before").slice(-3);
  const last = ended.map((run) => `${nameOf(run)} ${run.ending}`).join(" · ");
  return [summary(progress), ...lines, ...(last === "" ? [] : [`last: ${last}`])];
}

/** The same in one line, for a log. */
export function logLine(progress: StudyProgress): string {
  const running = progress.runs.filter(isRunning).map((run) => `${nameOf(run)}: ${describe(run)}`);
  return [summary(progress), ...running].join(" · ");
}

function summary(progress: StudyProgress): string {
  const { study, runs } = progress;
  const diverged = runs.filter(({ ending }) => ending === "diverged").length;
  const left = secondsLeft(progress);
  return [
    `${study}: ${runs.filter(isOver).length} of ${runs.length} runs done`,
    ...(diverged > 0 ? [`${diverged} diverged`] : []),
    ...(left === undefined || left === 0 ? [] : [`about ${formatSeconds(left)} left`]),
  ].join(" · ");
}

function nameOf({ arm, seed }: Which): string {
  return `${arm} seed ${seed}`;
}

function describe(run: RunProgress): string {
  const { at, steps, msPerToken } = run;
  const left = msPerToken === undefined ? undefined : (tokensLeft(run) * msPerToken) / 1000;
  return [
    `step ${at?.step ?? 0} of ${steps}`,
    ...(at === undefined ? [] : [`${at.lossNats.toFixed(4)} nats`]),
    ...(msPerToken === undefined ? [] : [`${formatNumber(Math.round(1000 / msPerToken))} tokens/s`]),
    ...(left === undefined ? [] : [`${formatSeconds(left)} left`]),
  ].join("  ");
}

function bar({ at, steps }: RunProgress, places = 20): string {
  const full = Math.round(places * Math.min(1, (at?.step ?? 0) / steps));
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

/** Draws a study's progress: in place on a terminal, else a line every half minute and one for each run that ends. */
export class Dashboard {
  private progress = nothingPlanned;
  private drawnAt = Number.NEGATIVE_INFINITY;
  /** Lines that stand on the terminal. */
  private drawn = 0;

  /** @param clock milliseconds from anywhere */
  constructor(
    private readonly stream: DashboardStream = process.stderr,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  /** Takes an event; draws when it is time to. */
  readonly report = (event: StudyEvent): void => {
    this.progress = afterEvent(this.progress, event);
    const log = this.stream.isTTY !== true;
    if (log && event.kind === "ended" && event.ending !== "done before") {
      this.stream.write(`${this.progress.study}: ${nameOf(event)} ${event.ending}\n`);
    }
    if (this.clock() - this.drawnAt >= (log ? lineMs : pictureMs)) this.draw();
  };

  /** Writes a line of text that stays, above the picture. */
  say(message: string): void {
    this.clear();
    this.stream.write(`${message}\n`);
    if (this.stream.isTTY === true) this.draw();
  }

  /** Leaves the last picture where it is. */
  end(): void {
    this.draw();
    this.drawn = 0;
  }

  private draw(): void {
    this.drawnAt = this.clock();
    if (this.stream.isTTY !== true) {
      this.stream.write(`${logLine(this.progress)}\n`);
      return;
    }
    this.clear();
    // A line that the terminal would break counts as two, and the next picture would begin too low.
    const lines = dashboardLines(this.progress).map((line) => [...line].slice(0, (this.stream.columns ?? 80) - 1));
    this.stream.write(lines.map((line) => `${line.join("")}\n`).join(""));
    this.drawn = lines.length;
  }

  private clear(): void {
    if (this.drawn > 0) this.stream.write(`\u001b[${this.drawn}A\r\u001b[J`);
    this.drawn = 0;
  }
}
