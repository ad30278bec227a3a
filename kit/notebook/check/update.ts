/** What `--update` writes. */
import { cellDifferences } from "./compare.js";
import type { Cell, Notebook } from "./notebookFile.js";

/** New outputs, but the committed ones where they say the same: a changed clock is no reason for a diff. */
export function updated(committed: Notebook, executed: Notebook): Notebook {
  const cells = committed.cells.map((cell, i) => {
    const now = executed.cells[i];
    if (cell.cell_type !== "code") return cell;
    const outputs = cell.execution_count != null && stillTrue(cell, now) ? cell.outputs : now.outputs;
    return { ...cell, execution_count: now.execution_count ?? null, outputs: outputs ?? [] };
  });
  return { ...committed, cells };
}

/** Whether the committed outputs are still true. What a check tolerates in a `volatile` cell is no reason to keep it. */
function stillTrue(committed: Cell, now: Cell): boolean {
  const pictures = now.outputs?.some(({ data = {} }) => "image/png" in data) === true;
  return !pictures && cellDifferences({ ...committed, metadata: {} }, now).length === 0;
}
