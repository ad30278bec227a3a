import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { DISPLAY } from "../rendering.js";
import { figure } from "./figure.js";
import { readFont } from "./metrics.js";
import { complete } from "./spec.js";

const SPEC = {
  data: [{ name: "train", x: [0, 1, 2], y: Float32Array.of(3, 2.2, 1.7) }],
  layout: { title: "Loss", xaxis: "step", yaxis: { title: "nats", type: "log" } },
};

it("is one bundle: interactive, a picture, text", async () => {
  const bundle = await figure(SPEC)[DISPLAY]();
  expect(Object.keys(bundle).sort()).toEqual(["application/vnd.plotly.v1+json", "image/png", "text/plain"]);
  expect(bundle["text/plain"]).toContain("Loss (nats by step)");
  expect(bundle["text/plain"]).toContain("3 → 1.7 (3 points)");
  const png = Buffer.from(String(bundle["image/png"]), "base64");
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([1400, 800]);
});

it("gives the same bytes every time", () => {
  const other = figure({
    data: [
      {
        type: "heatmap",
        z: [
          [1, 2],
          [3, 4],
        ],
      },
    ],
  });
  const [first, between, second] = [figure(SPEC).png(), other.png(), figure(SPEC).png()];
  expect(Buffer.compare(first, second)).toBe(0);
  expect(Buffer.compare(first, between)).not.toBe(0);
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

it("keeps the text when the picture cannot be drawn", () => {
  const broken = figure({ data: [{ type: "scatter", y: [1], transforms: null }], layout: { width: 1e9, height: 1e9 } });
  const bundle = broken[DISPLAY]() as Record<string, unknown>;
  expect(bundle["image/png"]).toBeUndefined();
  expect(bundle["text/plain"]).toContain("1 points");
  expect(figure(SPEC).png().length).toBeGreaterThan(1_000);
});

it("saves the picture in one step", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kintsugi-figure-"));
  await figure(SPEC).save(join(folder, "loss.png"));
  expect(readFileSync(join(folder, "loss.png")).subarray(1, 4).toString()).toBe("PNG");
  rmSync(folder, { recursive: true });
});

it("measures text by the font's own widths", () => {
  const fonts = dirname(createRequire(import.meta.url).resolve("dejavu-fonts-ttf/package.json"));
  const font = readFont(join(fonts, "ttf", "DejaVuSans.ttf"));
  // DejaVu Sans 2.37: 2048 units per em; advances i 569, m 1995, λ 1212.
  expect(font.width("im")).toBeCloseTo((569 + 1995) / 2048, 6);
  expect(font.width("λ")).toBeCloseTo(1212 / 2048, 6);
  expect(font.ascent).toBeCloseTo(1901 / 2048, 6);
});
