import { expect, it } from "vitest";
import { cellDifferences } from "./compare.js";
import type { Cell, Notebook } from "./notebookFile.js";
import { updated } from "./update.js";

const printed = (text: string, tags: string[] = []): Cell => ({
  cell_type: "code",
  source: "",
  metadata: { tags },
  execution_count: 1,
  outputs: [{ output_type: "stream", name: "stdout", text }],
});
const notebook = (cell: Cell): Notebook => ({ cells: [cell], metadata: {}, nbformat: 4, nbformat_minor: 5 });
const kept = (before: Cell, now: Cell): Cell => updated(notebook(before), notebook(now)).cells[0];

it("keeps what was committed while only a clock differs", () => {
  const before = printed("3 runs in 12.3 s");
  expect(kept(before, printed("3 runs in 9 s")).outputs).toBe(before.outputs);
  expect(kept(before, printed("4 runs in 9 s")).outputs).toEqual(printed("4 runs in 9 s").outputs);
});

it("takes the new text of a volatile cell, which a check tolerates", () => {
  const [before, now] = [printed("0 of 30 runs", ["volatile"]), printed("30 of 30 runs", ["volatile"])];
  expect(cellDifferences(before, now)).toEqual([]);
  expect(kept(before, now)).toEqual(now);
  const clock = printed("0  of 30 runs", ["volatile"]);
  expect(kept(before, clock).outputs).toBe(before.outputs);
});
