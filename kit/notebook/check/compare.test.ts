import { describe, expect, it } from "vitest";
import { cellDifferences, textDifference } from "./compare.js";
import type { Cell, Output } from "./notebookFile.js";

describe("texts agree", () => {
  it.each([
    ["to four significant digits", "loss 1.23456", "loss 1.23461"],
    ["when differences are as good as zero", "max |Δ| 2.4e-7", "max |Δ| 8.1e-8"],
    ["when both are rounding noise of another processor", "max |Δ| 1.2e-6", "max |Δ| 2.5e-6"],
    ["whatever a clock says", "40 steps in 12.3 s (3.25 steps/s)", "40 steps in 9 s (4.4 steps/s)"],
    ["whatever the spacing", "a     1\nb  2", "a 1 b 2"],
    ["whatever a sparkline draws", "train: ▇▅▂ 3.1 → 0.5", "train: █▅▁ 3.1 → 0.5"],
    ["with separators and signs", "134,515,008 and −0.5001", "134,515,008 and −0.5"],
  ])("%s", (_, a, b) => {
    expect(textDifference(a, b)).toBeUndefined();
  });
});

describe("texts differ", () => {
  it.each([
    ["in the fourth digit", "loss 1.234", "loss 1.236", /1\.234.*1\.236/],
    ["in a whole number", "ids 464, 2068", "ids 464, 2069", /2068.*2069/],
    ["in a word", "first divergent layer: 3 q", "first divergent layer: 3 k", /3 q.*3 k/],
    ["in what is missing", "one two", "one", /one two/],
    ["in sign", "0.5", "-0.5", /0\.5/],
    ["when one leaves the noise", "max |Δ| 1.2e-6", "max |Δ| 1.2e-5", /1\.2e-6.*1\.2e-5/],
  ])("%s", (_, a, b, message) => {
    expect(textDifference(a, b)).toMatch(message);
  });
});

const cell = (outputs: Output[], tags: string[] = []): Cell => ({
  cell_type: "code",
  source: "",
  metadata: { tags },
  outputs,
});
const result = (data: Record<string, unknown>): Output => ({ output_type: "execute_result", data });

it("cells compare text, kinds of output and their number; volatile ones the kinds only", () => {
  const figure = result({ "image/png": "AA", "text/plain": "Loss 1.5" });
  expect(cellDifferences(cell([figure]), cell([result({ "image/png": "BB", "text/plain": "Loss 1.5" })]))).toEqual([]);
  expect(cellDifferences(cell([figure]), cell([result({ "text/plain": "Loss 1.5" })]))[0]).toContain(
    "expected image/png, text/plain",
  );
  expect(cellDifferences(cell([figure]), cell([]))).toEqual(["expected 1 displayed outputs and got 0"]);
  const changed = [result({ "image/png": "BB", "text/plain": "Loss 9" })];
  expect(cellDifferences(cell([figure]), cell(changed))).toHaveLength(1);
  expect(cellDifferences(cell([figure], ["volatile"]), cell(changed))).toEqual([]);
});
