/** What the ways of reading have in common: rows become readings, each of which answers some of what is wanted. */
import type { Tensor } from "../../engine/index.js";
import type { DecodeState } from "../../model/index.js";
import type { Placed, Row } from "./plan.js";
import type { TokenScores } from "./tokenScores.js";

/**
 * What is read at once: the residual stream behind the last norm of some places, `[·, D]`, what is wanted of which, and what
 * is done before those are forgotten, when the answers are there.
 */
export type Reading = {
  readonly wanted: readonly Placed[];
  readonly read: () => { readonly x: Tensor; readonly trunks?: DecodeState };
  readonly done?: (trunks: DecodeState) => void;
};

/** A way of reading rows: what remains to be read, and how many answers were known before. */
export type Reader = (
  rows: readonly Row[],
  answers: readonly TokenScores[],
) => { readonly readings: readonly Reading[]; readonly known: number };
