/** Rows with a common beginning: it is read once, and then the ends of all of them side by side. */
import { compile, type ExecutionBackend, reshape, type Tensor, tensor } from "../../engine/index.js";
import { fork, goOn, type ModelConfig, type ModelParams, prefill } from "../../model/index.js";
import type { BundleBatch } from "./bundles.js";
import type { Placed } from "./plan.js";

/** Reads bundles: the residual stream behind the last norm, at the ends of their rows, `[branches · ends, D]`. */
export type BranchReader = (params: ModelParams<Tensor>, batch: BundleBatch) => Tensor;

/** A function that reads bundles; what a model remembers of a trunk is copied for each of its branches. */
export function branchReader(config: ModelConfig, backend: ExecutionBackend): BranchReader {
  const read = compile(
    (params: ModelParams<Tensor>, trunks: Tensor, lengths: Tensor, rows: Tensor, ends: Tensor) => {
      const model = { config, params };
      const room = { capacity: trunks.shape[1], recent: ends.shape[1] };
      const { state } = prefill(model, trunks, lengths, room);
      return reshape(goOn(model, ends, fork(state, rows)).x, [-1, config.width]);
    },
    { backend, newShapes: "expect", name: "branches" },
  );
  return (params, { bundles, length, count, branches, ends }) => {
    const [trunks, lengths] = [new Int32Array(count * length), new Int32Array(count).fill(1)];
    const [rows, ids] = [new Int32Array(branches), new Int32Array(branches * ends)];
    let branch = 0;
    for (const [i, { trunk, rows: own }] of bundles.entries()) {
      trunks.set(own[0].ids.subarray(0, trunk), i * length);
      lengths[i] = trunk;
      for (const row of own) {
        rows[branch] = i;
        ids.set(row.ids.subarray(trunk), branch++ * ends);
      }
    }
    return read(params, tensor(trunks, [count, length]), tensor(lengths), tensor(rows), tensor(ids, [branches, ends]));
  };
}

/** Where the predictions of a batch stand in what was read of it. */
export function wantedOfBranches({ bundles, ends }: BundleBatch): Placed[] {
  const branches = bundles.flatMap(({ trunk, rows }) => rows.map((row) => ({ row, trunk })));
  return branches.flatMap(({ row, trunk }, branch) =>
    row.wanted.map((each) => ({ ...each, position: branch * ends + each.at - trunk })),
  );
}
