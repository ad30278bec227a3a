import { compile, type ExecutionBackend, reshape, type Tensor, tensor } from "../../engine/index.js";
import { type DocumentLayout, hidden, type Model, type ModelParams } from "../../model/index.js";
import { bundlesOf } from "./bundles.js";
import { batchPacks, type PackBatch, packing, piecesOf, placesOfPacks, single } from "./packs.js";
import type { PlanOptions } from "./plan.js";
import type { Reader } from "./reading.js";

/**
 * Reads sequences side by side in few long rows: each sees its own beginning and its own end, and next to nothing is padding.
 * Of models that `mayBranch`.
 */
export function packedReader({ config, params }: Model<Tensor>, plan: PlanOptions, backend: ExecutionBackend): Reader {
  const read = compile(
    (params: ModelParams<Tensor>, ids: Tensor, layout: DocumentLayout) =>
      reshape(hidden({ config, params }, ids, layout), [-1, config.width]),
    { backend, newShapes: "expect", name: "packs" },
  );
  return (rows) => {
    const { alone, bundles } = bundlesOf(rows, packing(plan));
    const readings = batchPacks([...alone.map(single), ...bundles], plan).map((batch) => ({
      wanted: placesOfPacks(batch),
      read: () => {
        const { ids, ...layout } = tensorsOf(batch);
        return { x: read(params, ids, layout) };
      },
    }));
    return { readings, known: 0 };
  };
}

/** Ids of a batch and where documents stand in them, `[count, length]` each; what is empty is a document by itself. */
function tensorsOf({ packs, length, count }: PackBatch): { readonly ids: Tensor } & DocumentLayout {
  const [ids, segments, branches] = Array.from({ length: 3 }, () => new Int32Array(count * length));
  for (const [i, pack] of packs.entries()) {
    for (const { bundle, branch, ids: own, start } of piecesOf(pack)) {
      const at = i * length + start;
      ids.set(own, at);
      segments.fill(bundle + 1, at, at + own.length);
      branches.fill(branch, at, at + own.length);
    }
  }
  const shaped = (values: Int32Array): Tensor => tensor(values, [count, length]);
  // A sequence to each row is what a model reads anyway, and padding stands behind it.
  const apart = packs.every((pack) => pack.length === 1 && pack[0].rows.length === 1);
  return { ids: shaped(ids), ...(apart ? {} : { segments: shaped(segments), branches: shaped(branches) }) };
}
