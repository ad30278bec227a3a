import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Archive, deriveFigures, deriveText, forestPlot, lossCurves, type Study, studyFigures } from "./index.js";
import { allRecords, copiedRecords, folder, resultOf, smallStudy, unreachable } from "./testing/records.js";

const readme = "# Kit\n\n<!-- tables -->\nold\n<!-- /tables -->\n\nMore.\n";
const filesOf = (root: string, studies: readonly Study[] = [smallStudy]) =>
  deriveText({ studies, archive: new Archive(root, () => undefined) }, readme);

const text = (files: ReturnType<typeof filesOf>, path: string) => String(files.get(path));

describe("figures", () => {
  it("show what records suffice for", () => {
    const names = (root: string) =>
      studyFigures(resultOf(root)).flatMap(({ name, spec }) => (spec === undefined ? [] : [name]));
    expect(names(folder())).toEqual([]);
    expect(names(copiedRecords())).toEqual(["decay-forest", "decay-loss"]);
    const page = text(filesOf(copiedRecords()), "results/tables/decay.md");
    expect(page).toContain("![Weight decay: difference to the baseline](../figures/decay-forest.svg)");
  });

  it("draw differences with their intervals, hollow where there is none", () => {
    const root = copiedRecords();
    rmSync(join(root, "decay", "much"), { recursive: true });
    cpSync(join(allRecords(), "decay", "much"), join(root, "decay", "much"), {
      recursive: true,
      filter: (path) => !/seed-[12]/.test(path),
    });
    const { data, layout } = forestPlot(resultOf(root))!;
    expect(data).toMatchObject([
      { x: [expect.closeTo(-0.032333, 6)], y: ["0.1"], error_x: { array: [expect.closeTo(0.043902, 6)] } },
      { x: [expect.closeTo(0.008, 6)], y: ["1.0"], marker: { symbol: "circle-open" } },
    ]);
    expect(layout!.xaxis).toHaveProperty("range", [expect.closeTo(-0.0815, 4), expect.closeTo(0.0168, 4)]);
  });

  it("average training losses over seeds, between the lowest and the highest", () => {
    const { data } = lossCurves(resultOf(copiedRecords()))!;
    expect(data.map(({ name }) => name)).toEqual([
      undefined,
      undefined,
      "none",
      undefined,
      undefined,
      "0.1",
      undefined,
      undefined,
      "1.0",
    ]);
    // Ten recorded lines, the first before what is shown; the last is at 97.5 to 100 % of 2,560 tokens.
    const [low, high, middle] = data.map(({ y }) => y as readonly number[]);
    expect([low.length, data[2].x]).toEqual([9, expect.arrayContaining([expect.closeTo((2560 * 39.5) / 40 / 1e6, 9)])]);
    expect([low[8], high[8], middle[8]]).toEqual(
      [2.066 * 2, 2.091 * 2, ((2.072 + 2.066 + 2.091) * 2) / 3].map((y) => expect.closeTo(y, 9)),
    );
  });

  it("are drawn to the same bytes twice, as SVG and PNG", () => {
    const draw = () => deriveFigures({ studies: [smallStudy], archive: new Archive(copiedRecords(), unreachable) });
    const [one, two] = [draw(), draw()];
    const drawn = [...one].flatMap(([path, content]) => (content === undefined ? [] : [path]));
    expect(drawn).toEqual(
      ["forest", "loss"].flatMap((kind) => ["svg", "png"].map((end) => `results/figures/decay-${kind}.${end}`)),
    );
    expect(one.has("results/figures/decay-position.svg")).toBe(true);
    expect(two).toEqual(one);
    expect(String(one.get("results/figures/decay-forest.svg"))).toContain("difference to none (left is better)");
  });
});
