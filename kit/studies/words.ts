import { decimals, type PairedComparison, signed } from "../lab/index.js";
import type { LiquidPart } from "../model/index.js";

/** What the modules of Liquid Metal are called in tables. */
export const partWords: Readonly<Record<LiquidPart, string>> = {
  adaptiveRmsNorm: "adaptive norms",
  tokenMixing: "token mixing",
  squeezeExcite: "squeeze-and-excitation",
};

/** How a figure is written: its unit, and decimals; default 4. */
export type Written = {
  readonly unit?: string;
  readonly digits?: number;
  /** What is counted; default seeds. */
  readonly over?: "seed" | "text";
};

/** A difference with its interval and the seeds it rests on. */
export function differenceText(
  { difference, spread, n }: PairedComparison,
  { unit, digits = 4, over = "seed" }: Written = {},
): string {
  const { low, high } = spread?.interval ?? {};
  const interval = spread === undefined ? "" : ` [${signed(low, digits)}, ${signed(high, digits)}]`;
  return `${signed(difference, digits)}${interval}${unit === undefined ? "" : ` ${unit}`}, ${counted(n, over)}`;
}

export function seedsText(n: number): string {
  return counted(n, "seed");
}

function counted(n: number, what: string): string {
  return n === 1 ? `one ${what}` : `${n} ${what}s`;
}

/** A share with its sign, in percent. */
export function percentText(share: number | undefined, digits = 1): string {
  return share === undefined ? decimals(undefined, digits) : `${signed(100 * share, digits)} %`;
}

/** What `bench -- modules` calls the figure that claims read: how many times as long a step takes; its extremes are the ends of the median's interval. */
export const timesThatWithout = "times that without, 95 %";
