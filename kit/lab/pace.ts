/** How fast a run is, by its latest steps, and how long it will go on. */
import type { StepRecord } from "../train/index.js";
import { budgetOf, type RunSpec } from "./spec.js";

/** What is known of a run's speed after some steps. */
export type Pace = {
  /** Tokens it has seen. */
  readonly tokens: number;
  /** Mean over its latest steps. Absent until one was measured: the first has the compilation in it. */
  readonly msPerToken?: number;
};

/** Weight of a new step in the mean of a run's speed. */
const freshness = 0.1;

/** What is known after one more step. */
export function paceAfter(before: Pace | undefined, step: Pick<StepRecord, "tokens" | "stepMs">): Pace {
  const tokens = step.tokens - (before?.tokens ?? step.tokens);
  if (tokens <= 0) return { ...before, tokens: step.tokens };
  const now = step.stepMs / tokens;
  const mean = before?.msPerToken;
  return { tokens: step.tokens, msPerToken: mean === undefined ? now : (1 - freshness) * mean + freshness * now };
}

/** What a pace comes to. */
export type Speed = {
  readonly tokensPerSecond: number;
  /** Until the run has seen its tokens; validations are not in it. */
  readonly secondsLeft: number;
};

/** What a pace comes to in a run; nothing until a step was measured. */
export function speedOf({ tokens, msPerToken }: Pace, spec: RunSpec): Speed | undefined {
  if (msPerToken === undefined) return undefined;
  const left = Math.max(0, budgetOf(spec) - tokens);
  return { tokensPerSecond: 1000 / msPerToken, secondsLeft: (left * msPerToken) / 1000 };
}

/**
 * Follows a run from step to step.
 *
 * @returns a function that takes each step and tells the speed behind it; nothing behind the first
 */
export function speedometer(spec: RunSpec): (step: StepRecord) => Speed | undefined {
  let pace: Pace | undefined;
  return (step) => {
    pace = paceAfter(pace, step);
    return speedOf(pace, spec);
  };
}
