import { execFileSync } from "node:child_process";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { temporaryFolder } from "../source/testing/folder.js";
import { complete, describe, renderPng, renderSvg } from "./index.js";
import { readFont } from "./metrics.js";

const SPEC = {
  data: [{ name: "train", x: [0, 1, 2], y: Float32Array.of(3, 2.2, 1.7) }],
  layout: { title: "Loss", xaxis: "step", yaxis: { title: "nats", type: "log" } },
};
const HEATMAP = {
  data: [
    {
      type: "heatmap",
      z: [
        [1, 2],
        [3, 4],
      ],
    },
  ],
};

it("gives the same bytes every time", () => {
  for (const render of [renderPng, renderSvg]) {
    const [first, between, second] = [SPEC, HEATMAP, SPEC].map((spec) => Buffer.from(render(complete(spec))));
    expect(first.equals(second)).toBe(true);
    expect(first.equals(between)).toBe(false);
  }
});

it("gives the same bytes in every process", () => {
  const built = pathToFileURL(join(fileURLToPath(import.meta.url), "../../dist/figure/index.js"));
  const program = `
    const { complete, renderPng, renderSvg } = await import(${JSON.stringify(built)});
    const { createHash } = await import("node:crypto");
    const figure = complete(${JSON.stringify(HEATMAP)});
    for (const render of [renderSvg, renderPng]) console.log(createHash("sha256").update(render(figure)).digest("hex"));
  `;
  const [one, other] = [1, 2].map(() =>
    execFileSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" }),
  );
  expect(one.split("\n").filter((line) => line.length === 64)).toHaveLength(2);
  expect(other).toBe(one);
});

it("draws SVG that names no font of the system first, and keeps its text", () => {
  const svg = renderSvg(complete(SPEC));
  expect(svg).toMatch(/^<svg [^>]*viewBox="0 0 700 400"/);
  expect(svg).toContain(">Loss</text>");
  const fonts = [...svg.matchAll(/font-family: ([^,;"]*)/g)].map(([, name]) =>
    name.replaceAll("'", "").replaceAll("&quot;", ""),
  );
  expect(new Set(fonts)).toEqual(new Set(["DejaVu Sans"]));
});

it("tells what is missing, and does not wait for it", () => {
  const folder = temporaryFolder();
  const dist = join(fileURLToPath(import.meta.url), "../../dist");
  for (const name of ["figure", "errors.js", "numbers.js"])
    cpSync(join(dist, name), join(folder, name), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  const program = `
    const { complete, renderSvg } = await import(${JSON.stringify(pathToFileURL(join(folder, "figure/index.js")))});
    try { renderSvg(complete({ data: [] })); } catch (error) { console.log(error.message); }
    process.exit();
  `;
  const told = (): string =>
    execFileSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8", timeout: 60_000 });
  expect(told()).toMatch(/^Cannot find module 'jsdom'/);
  rmSync(join(folder, "figure/renderWorker.js"));
  expect(told()).toMatch(/^the thread that draws figures is not built .*Run npm run build/);
});

it("thins all that belongs to the points of a long live trace, and nothing else", () => {
  const x = Array.from({ length: 2000 }, (_, i) => i);
  const trace = {
    x: Float64Array.from(x),
    y: x,
    error_y: { type: "data", array: Float32Array.from(x), width: 2 },
    marker: { color: x, size: [1, 2] },
  };
  const [thin] = complete({ data: [trace] }, true).data;
  const kept = [...x.filter((i) => i % 3 === 0), 1999];
  expect(thin).toEqual({
    x: kept,
    y: kept,
    error_y: { type: "data", array: kept, width: 2 },
    marker: { color: kept, size: [1, 2] },
  });
  expect(complete({ data: [trace] }).data[0].y).toHaveLength(2000);
  const heatmap = { type: "heatmap", x, y: x, z: x.map(() => [1]) };
  expect(complete({ data: [heatmap] }, true).data[0].z).toHaveLength(2000);
});

it("is told in words: what is drawn of what there is, and horizontal bars by their lengths", () => {
  const told = (trace: object): string =>
    describe(complete({ data: [{ name: "t", ...trace }] }))
      .split("\n")[1]
      .trim();
  expect(told({ x: [1, 2], y: [3, 4] })).toBe("t: ▁█ 3 → 4 (2 points)");
  expect(told({ y: [Number.NaN, 1, 2, Number.POSITIVE_INFINITY] })).toBe("t: ▁█ 1 → 2 (2 of 4 points)");
  expect(told({ x: [1, 2], y: [Number.NaN, Number.NaN] })).toBe("t: 0 of 2 points");
  expect(told({ type: "bar", orientation: "h", x: [5, 7], y: ["a", "b"] })).toBe("t: ▁█ 5 → 7 (2 points)");
  expect(told({ type: "bar", x: ["a", "b"], y: [5, 7] })).toBe("t: ▁█ 5 → 7 (2 points)");
});

it("steps through frames from the one that is shown", () => {
  const frames = ["empty", "written"].map((name, i) => ({ name, data: [{ type: "heatmap", z: [[0, i]] }] }));
  const moving = complete({ data: frames[1].data, layout: { title: "State" }, frames });
  expect(moving.frames).toEqual(frames);
  const [slider] = moving.layout.sliders as { active: number; steps: { label: string; args: unknown[] }[] }[];
  expect([slider.active, ...slider.steps.map(({ label, args }) => [label, args[0]])]).toEqual([
    1,
    ["empty", ["empty"]],
    ["written", ["written"]],
  ]);
  expect(renderSvg(moving)).toContain(">play</text>");
  expect(complete(SPEC)).not.toHaveProperty("frames");
  expect(complete({ ...SPEC, data: [], frames }).layout.sliders).toMatchObject([{ active: 0 }]);
  expect(complete({ ...SPEC, frames, layout: { sliders: [] } }).layout.sliders).toEqual([]);
});

it("takes titles as text and arrays of any kind", () => {
  const { data, layout } = complete(SPEC);
  expect(layout.title).toEqual({ text: "Loss" });
  expect(layout.xaxis).toEqual({ title: { text: "step" } });
  expect(layout.yaxis).toEqual({ title: { text: "nats" }, type: "log" });
  expect(data[0].y).toEqual([3, 2.2, 1.7]);
  expect(complete({ data: [{ y: [1, Number.NaN, Number.POSITIVE_INFINITY] }] }).data[0].y).toEqual([1, null, null]);
});

it("labels whole decades when a logarithmic axis spans several", () => {
  const { layout } = complete({ data: [{ y: [1e-6, 1e-2] }], layout: { yaxis: { type: "log" } } });
  expect(layout.yaxis).toMatchObject({ dtick: 1 });
});

it("measures text by the font's own widths", () => {
  const fonts = dirname(createRequire(import.meta.url).resolve("dejavu-fonts-ttf/package.json"));
  const font = readFont(join(fonts, "ttf", "DejaVuSans.ttf"));
  // DejaVu Sans 2.37: 2048 units per em; advances i 569, m 1995, λ 1212.
  expect(font.width("im")).toBeCloseTo((569 + 1995) / 2048, 6);
  expect(font.width("λ")).toBeCloseTo(1212 / 2048, 6);
  expect(font.ascent).toBeCloseTo(1901 / 2048, 6);
});
