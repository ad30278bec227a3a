import { compile, type ExecutionBackend, reshape, type Tensor, tensor } from "../../engine/index.js";
import { type DecodeState, hidden, type Model, type ModelParams } from "../../model/index.js";
import { branchReader, placesOfBundles, placesOfEnds } from "./branches.js";
import { batchBundles, bundlesOf, copying } from "./bundles.js";
import { type Beginnings, recall, trunksOf } from "./memory.js";
import { batchRows, type PlanOptions, placesOfRows, type RowBatch } from "./plan.js";
import type { Reader, Reading } from "./reading.js";

/**
 * Reads one sequence to a row. Where several begin alike, the beginning comes first, and what the model remembers of it is
 * copied for each end. Of any model; one that sees the future reads each sequence whole.
 *
 * @param beginnings what is known of earlier calls, and is kept for later ones
 */
export function turnReader(
  { config, params }: Model<Tensor>,
  plan: PlanOptions,
  backend: ExecutionBackend,
  beginnings?: Beginnings,
): Reader {
  const stream = compile(
    (params: ModelParams<Tensor>, ids: Tensor) => reshape(hidden({ config, params }, ids), [-1, config.width]),
    { backend, newShapes: "expect", name: "evals" },
  );
  const branches = branchReader(config, backend);
  return (rows, answers) => {
    const { known, others } = beginnings?.divide(rows, plan) ?? { known: [], others: rows };
    const { alone, bundles } = plan.unpadded ? { alone: rows, bundles: [] } : bundlesOf(others, copying(plan));
    const readings: readonly Reading[] = [
      ...batchBundles(known, plan).map((batch) => ({
        wanted: placesOfEnds(batch),
        read: () => ({ x: branches.ends(params, batch, trunksOf(config, batch)) }),
      })),
      ...batchBundles(bundles, plan).map((batch) => ({
        wanted: placesOfBundles(batch),
        read: () => branches.whole(params, batch),
        done: beginnings && ((trunks: DecodeState) => beginnings.keep(batch, trunks, answers)),
      })),
      ...batchRows(alone, plan).map((batch) => ({
        wanted: placesOfRows(batch),
        read: () => ({ x: stream(params, padded(batch)) }),
      })),
    ];
    return { readings, known: recall(known, answers) };
  };
}

/** Ids of a batch, `[count, length]`; what no row covers is 0. */
function padded({ rows, length, count }: RowBatch): Tensor {
  const ids = new Int32Array(count * length);
  for (const [i, row] of rows.entries()) ids.set(row.ids, i * length);
  return tensor(ids, [count, length]);
}
