import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { complete, renderPng, renderSvg } from "./index.js";
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
