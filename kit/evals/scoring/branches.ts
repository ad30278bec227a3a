/** Rows with a common beginning: it is read once, and then the ends of all of them side by side. */
import { compile, concat, type ExecutionBackend, reshape, type Tensor, tensor } from "../../engine/index.js";
import { begin, type DecodeState, fork, goOn, grow, type ModelConfig, type ModelParams } from "../../model/index.js";
import type { BundleBatch } from "./bundles.js";
import type { Placed } from "./plan.js";

/**
 * A residual stream behind the last norm, `[·, D]`: first the trunks, then the ends where {@link placesOfEnds} says. And what
 * the model remembers of the trunks.
 */
export type ReadBundles = { readonly x: Tensor; readonly trunks: DecodeState };

export type BranchReader = {
  /** Reads trunks and the ends of their rows. */
  readonly whole: (params: ModelParams<Tensor>, batch: BundleBatch) => ReadBundles;
  /** Reads ends alone, behind trunks that are remembered. */
  readonly ends: (params: ModelParams<Tensor>, batch: BundleBatch, trunks: DecodeState) => Tensor;
};

/** Functions that read bundles; what a model remembers of a trunk is copied for each of its branches. */
export function branchReader(config: ModelConfig, backend: ExecutionBackend): BranchReader {
  const compiling = { backend, newShapes: "expect" } as const;
  const flat = (x: Tensor): Tensor => reshape(x, [-1, config.width]);
  const readTrunks = compile(
    (params: ModelParams<Tensor>, ids: Tensor, lengths: Tensor) => {
      const { x, state } = begin({ config, params }, ids, lengths, { capacity: ids.shape[1], recent: 1 });
      return { x: flat(x), state };
    },
    { ...compiling, name: "trunks" },
  );
  const readEnds = compile(
    (params: ModelParams<Tensor>, ids: Tensor, trunks: DecodeState, rows: Tensor) => {
      const state = grow(config, fork(trunks, rows), { recent: ids.shape[1] });
      return flat(goOn({ config, params }, ids, state).x);
    },
    { ...compiling, name: "ends" },
  );
  const ends: BranchReader["ends"] = (params, { bundles, branches, ends }, trunks) => {
    const [rows, ids] = [new Int32Array(branches), new Int32Array(branches * ends)];
    for (const [branch, { row, trunk, bundle }] of branchesOf(bundles).entries()) {
      rows[branch] = bundle;
      ids.set(row.ids.subarray(trunk), branch * ends);
    }
    return readEnds(params, tensor(ids, [branches, ends]), trunks, tensor(rows));
  };
  return {
    ends,
    whole: (params, batch) => {
      const { bundles, length, count } = batch;
      const [ids, lengths] = [new Int32Array(count * length), new Int32Array(count).fill(1)];
      for (const [i, { trunk, rows }] of bundles.entries()) {
        ids.set(rows[0].ids.subarray(0, trunk), i * length);
        lengths[i] = trunk;
      }
      const { x, state } = readTrunks(params, tensor(ids, [count, length]), tensor(lengths));
      return { x: concat([x, ends(params, batch, state)], 0), trunks: state };
    },
  };
}

/** Where the predictions of a batch stand in what was read of its trunks and ends. */
export function placesOfBundles(batch: BundleBatch): Placed[] {
  const { bundles, length, count } = batch;
  const inTrunks = bundles.flatMap(({ trunk, rows }, i) =>
    rows.flatMap(({ wanted }) =>
      wanted.filter(({ at }) => at < trunk).map((each) => ({ ...each, position: i * length + each.at })),
    ),
  );
  return [...inTrunks, ...placesOfEnds(batch, count * length)];
}

/** Where the predictions behind the trunks stand in what was read of the ends, which begin at `start`. */
export function placesOfEnds({ bundles, ends }: BundleBatch, start = 0): Placed[] {
  return branchesOf(bundles).flatMap(({ row, trunk }, branch) =>
    row.wanted
      .filter(({ at }) => at >= trunk)
      .map((each) => ({ ...each, position: start + branch * ends + each.at - trunk })),
  );
}

/** All rows of a batch in their order, each with the number of its bundle. */
function branchesOf(bundles: BundleBatch["bundles"]) {
  return bundles.flatMap(({ trunk, rows }, bundle) => rows.map((row) => ({ row, trunk, bundle })));
}
