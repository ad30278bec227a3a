/** What a model was asked before: beginnings that several rows had in common are kept from call to call. */
import { free, scope, share, type Tensor, tensor, tree } from "../../engine/index.js";
import { type DecodeState, fork, grow, join, type ModelConfig } from "../../model/index.js";
import { type Bundle, type BundleBatch, isWorthwhile, mostRows } from "./bundles.js";
import { beginsWith, type PlanOptions, type Row } from "./plan.js";
import { copyScores, emptyScores, type TokenScores } from "./tokenScores.js";

/** A beginning, with all its ids but the last read. */
export type Beginning = {
  readonly ids: Int32Array;
  /** What the model remembers of them, a batch of one. */
  readonly state: DecodeState;
  /** Room for past tokens in it. */
  readonly capacity: number;
  /** How likely each id behind the first is. */
  readonly scores: TokenScores;
};

/** Rows that go on from a beginning. */
export type RememberedBundle = Bundle & { readonly beginning: Beginning };

/** The shortest beginning that is kept, in ids: below, looking it up costs as much as reading it. */
const LEAST = 64;

/**
 * Beginnings up to a number of bytes; those that were not of use for longest make room. Of one model, and for one call of its
 * scorer at a time: what was found must be read before anything else is kept.
 */
export class Beginnings {
  /** The one used last stands last. */
  private readonly kept: Beginning[] = [];
  private bytes = 0;

  constructor(private readonly mostBytes: number) {}

  /** Takes apart rows that go on from a beginning that is kept, each from the longest, and the others in their order. */
  divide(
    rows: readonly Row[],
    plan: PlanOptions,
  ): { readonly known: readonly RememberedBundle[]; readonly others: readonly Row[] } {
    const others: Row[] = [];
    const groups = new Map<Beginning, Row[]>();
    for (const row of rows) {
      const beginning = this.find(row);
      const group = beginning && groups.get(beginning);
      if (beginning === undefined) others.push(row);
      else if (group === undefined) groups.set(beginning, [row]);
      else group.push(row);
    }
    const known = [...groups].flatMap(([beginning, rows]) => {
      this.kept.push(...this.kept.splice(this.kept.indexOf(beginning), 1));
      const trunk = beginning.ids.length - 1;
      const most = mostRows(trunk, plan);
      const parts = Array.from({ length: Math.ceil(rows.length / most) }, (_, i) =>
        rows.slice(i * most, (i + 1) * most),
      );
      return parts.map((rows) => ({ trunk, rows, beginning }));
    });
    return { known, others };
  }

  /**
   * Keeps what rows had in common, if it is long enough to be worth it.
   *
   * @param trunks what the model remembers of the batch's trunks
   * @param answers to all requests
   */
  keep({ bundles, length: capacity }: BundleBatch, trunks: DecodeState, answers: readonly TokenScores[]): void {
    for (const [i, { trunk, rows }] of bundles.entries()) {
      const scores = trunk < LEAST ? undefined : scoresOf(rows[0], trunk, answers);
      if (scores === undefined) continue;
      const state = scope(() => {
        const { clock, layers } = fork(trunks, tensor(Int32Array.of(i)));
        // One tensor for all: each gets its own.
        return { clock: { ...clock, recent: share(clock.recent) }, layers };
      });
      this.kept.push({ ids: rows[0].ids.slice(0, trunk + 1), state, capacity, scores });
      this.bytes += bytesOf(state);
    }
    while (this.bytes > this.mostBytes) {
      const [{ state }] = this.kept.splice(0, 1);
      this.bytes -= bytesOf(state);
      free(state);
    }
  }

  private find(row: Row): Beginning | undefined {
    let found: Beginning | undefined;
    for (const one of this.kept) {
      if (one.ids.length > (found?.ids.length ?? 0) && goesOnFrom(one, row)) found = one;
    }
    return found;
  }
}

/** What the model remembers of a batch's beginnings, as of trunks that were just read. */
export function trunksOf(config: ModelConfig, { bundles, count }: BundleBatch<RememberedBundle>): DecodeState {
  const capacity = Math.max(...bundles.map(({ beginning }) => beginning.capacity));
  const states = bundles.map(({ beginning }) => grow(config, beginning.state, { capacity }));
  return join(Array.from({ length: count }, (_, i) => states[Math.min(i, states.length - 1)]));
}

/** Answers what the beginnings themselves say; returns how much that is. */
export function recall(bundles: readonly RememberedBundle[], answers: readonly TokenScores[]): number {
  let count = 0;
  for (const { trunk, rows, beginning } of bundles) {
    for (const { at, request, token } of rows.flatMap(({ wanted }) => wanted)) {
      if (at >= trunk) continue;
      copyScores(beginning.scores, at, answers[request], token);
      count++;
    }
  }
  return count;
}

/** Whether all that is asked about ids of the beginning is known of it. */
function goesOnFrom({ ids }: Beginning, row: Row): boolean {
  const trunk = ids.length - 1;
  if (!beginsWith(row.ids, ids) || !isWorthwhile(trunk, row.ids.length)) return false;
  return row.wanted.every(({ at, target }) => at >= trunk || target === ids[at + 1]);
}

/** How likely each id behind the first is, up to that behind the trunk; nothing, where not all was asked. */
function scoresOf({ ids, wanted }: Row, trunk: number, answers: readonly TokenScores[]): TokenScores | undefined {
  const scores = emptyScores(trunk);
  const missing = new Set(scores.best.keys());
  for (const { at, target, request, token } of wanted) {
    if (at < trunk && target === ids[at + 1] && missing.delete(at)) copyScores(answers[request], token, scores, at);
  }
  return missing.size === 0 ? scores : undefined;
}

function bytesOf(state: DecodeState): number {
  return tree.leaves<Tensor>(state).reduce((bytes, { size }) => bytes + 4 * size, 0);
}
