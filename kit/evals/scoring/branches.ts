/** Rows with a common beginning: it is read once, and then all of them side by side, id by id. */
import {
  type Compiled,
  carry,
  compile,
  type ExecutionBackend,
  free,
  gather,
  type Tensor,
  tensor,
} from "../../engine/index.js";
import { type DecodeState, fork, type Model, type ModelParams, prefill, step } from "../../model/index.js";
import type { BundleBatch } from "./bundles.js";
import type { Wanted } from "./plan.js";
import { type Predictions, predictionsOf } from "./predictions.js";

type Params = ModelParams<Tensor>;

/** Scores of the next token of every branch, and what to remember. */
type Branched = { readonly logits: Tensor; readonly state: DecodeState };

/** Reads a batch, and tells of the scores behind some of its places what is wanted of them. */
export type BranchReader = (batch: BundleBatch, tell: (wanted: readonly Wanted[], found: Predictions) => void) => void;

/**
 * A function that reads bundles. What a branch remembers of its trunk is a copy: `branches · (trunk + steps)` tokens of
 * state.
 */
export function branchReader({ config, params }: Model<Tensor>, backend: ExecutionBackend): BranchReader {
  const compiling = { backend, newShapes: "expect" } as const;
  const reads = new Map<number, Compiled<[Params, Tensor, Tensor, Tensor], Branched>>();
  const read = (room: number): Compiled<[Params, Tensor, Tensor, Tensor], Branched> => {
    const found =
      reads.get(room) ??
      compile(
        (params: Params, ids: Tensor, lengths: Tensor, rows: Tensor) => {
          const capacity = ids.shape[1];
          const { logits, state } = prefill({ config, params }, ids, lengths, { capacity, recent: room });
          return { logits: gather(logits, rows), state: fork(state, rows) };
        },
        { ...compiling, name: "trunks" },
      );
    reads.set(room, found);
    return found;
  };
  const next = compile(
    (params: Params, ids: Tensor, state: DecodeState): Branched => step({ config, params }, ids, state),
    { ...compiling, name: "branches" },
  );
  const predict = compile(predictionsOf, { ...compiling, name: "branch predictions" });

  return ({ bundles, length, count, branches, steps }, tell) => {
    const [ids, lengths] = [new Int32Array(count * length), new Int32Array(count).fill(1)];
    const trunks = new Int32Array(branches);
    const rows = bundles.flatMap(({ trunk, rows }, i) => {
      ids.set(rows[0].ids.subarray(0, trunk), i * length);
      lengths[i] = trunk;
      return rows.map((row) => ({ ...row, bundle: i, trunk }));
    });
    for (const [i, { bundle }] of rows.entries()) trunks[i] = bundle;
    // Room of few sizes, each of which is traced once.
    const room = Math.max(8, 2 ** Math.ceil(Math.log2(steps)));
    const report = (logits: Tensor, taken: number): void => {
      const wanted = rows.flatMap(({ wanted, trunk }, row) =>
        wanted.filter(({ at }) => at === trunk - 1 + taken).map((each) => ({ ...each, row })),
      );
      if (wanted.length === 0) return;
      const size = Math.max(branches, 2 ** Math.ceil(Math.log2(wanted.length)));
      const [places, entries] = [new Int32Array(size), new Int32Array(size)];
      for (const [i, { row, target }] of wanted.entries()) [places[i], entries[i]] = [row, row * config.vocab + target];
      tell(wanted, predict(logits, tensor(places), tensor(entries)));
    };
    let state = carry({}, () => {
      const begun = read(room)(params, tensor(ids, [count, length]), tensor(lengths), tensor(trunks));
      report(begun.logits, 0);
      return begun.state;
    });
    try {
      for (let taken = 0; taken < steps; taken++) {
        const own = new Int32Array(branches);
        for (const [i, row] of rows.entries()) own[i] = row.ids[row.trunk + taken] ?? 0;
        state = carry(state, (before) => {
          const stepped = next(params, tensor(own), before);
          report(stepped.logits, taken + 1);
          return stepped.state;
        });
      }
    } finally {
      free(state);
    }
  };
}
