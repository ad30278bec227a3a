import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { formatNumber, formatSeconds, sparkline } from "../numbers.js";
import { config } from "./config.js";
import { liveFigure } from "./figure/live.js";
import "./dataFrames.js";
import { type Bundle, HOST_SLOT, type Host, host } from "./host.js";
import { progress } from "./progress.js";
import { bundleOf, DISPLAY, registerRenderer } from "./rendering.js";
import { show } from "./show.js";
import { table } from "./table.js";

type Shown = { bundle: Bundle; id?: string; update?: boolean; at: number };
let shown: Shown[] = [];
let finishers: (() => void)[] = [];
const slots = globalThis as { [HOST_SLOT]?: Host };

beforeEach(() => {
  shown = [];
  finishers = [];
  slots[HOST_SLOT] = {
    display: (bundle, options = {}) => void shown.push({ bundle, ...options, at: Date.now() }),
    atCellEnd: (finish) => void finishers.push(finish),
  };
});
afterEach(() => {
  delete slots[HOST_SLOT];
  vi.restoreAllMocks();
});
const endCell = (): void => {
  for (const finish of finishers.splice(0)) finish();
};

it("tables align numbers and never show a missing value as zero", () => {
  const rows = [{ model: "pico", parameters: 612345, loss: 1.23456 }, { model: "a|b" }];
  const made = table(rows, {
    columns: ["model", { key: "parameters", title: "parameters" }, { key: "loss", digits: 3 }],
    caption: "Models",
  });
  expect(String(made)).toBe(
    "Models\nmodel  parameters  loss\n─────  ──────────  ────\npico      612,345  1.23\na|b             –     –",
  );
  expect(made.markdown).toContain("| a\\|b | – | – |");
  expect((made[DISPLAY]() as Bundle)["text/html"]).toContain('<td style="text-align: right">612,345</td>');
});

it("configurations fold equal neighbours", () => {
  const layer = { kind: "attention", heads: 4 };
  const text = String(config({ width: 64, layers: [layer, { ...layer }, { kind: "conv" }] }, "pico"));
  expect(text).toContain("0…1 (2 alike)");
  expect(text).toContain("width: 64");
  expect(text.match(/attention/g)).toHaveLength(1);
});

it("progress sends at most ten updates a second and ends with its cell", async () => {
  const bar = progress(200, "work");
  for (let i = 0; i < 150; i++) {
    bar.tick();
    await new Promise((resolve) => setTimeout(resolve, 4));
  }
  const updates = shown.length;
  const seconds = (shown[updates - 1].at - shown[0].at) / 1000;
  expect(updates).toBeGreaterThan(3);
  expect(updates).toBeLessThanOrEqual(seconds * 10 + 2);
  endCell();
  expect(shown.at(-1)).toMatchObject({ update: true, id: shown[0].id });
  expect(shown.at(-1)?.bundle["text/plain"]).toContain("150/200");
});

it("a live figure redraws one output and ends with a picture", async () => {
  const live = liveFigure({ data: [], layout: { title: "Live" } });
  for (let i = 0; i < 30; i++) {
    live.add("train", i, 1 / (i + 1));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(shown.length).toBeGreaterThan(2);
  expect(shown.every(({ bundle }) => !("image/png" in bundle))).toBe(true);
  endCell();
  const last = shown.at(-1)?.bundle ?? {};
  expect(Object.keys(last).sort()).toEqual(["application/vnd.plotly.v1+json", "image/png", "text/plain"]);
  const { data } = last["application/vnd.plotly.v1+json"] as { data: { x: number[] }[] };
  expect(data[0].x).toHaveLength(30);
  expect(new Set(shown.map(({ id }) => id)).size).toBe(1);
  const count = shown.length;
  endCell();
  expect(shown).toHaveLength(count);
});

it("a live figure thins long traces until its end, and leaves the caller's arrays alone", () => {
  const mine = {
    name: "train",
    x: Array.from({ length: 5000 }, (_, i) => i),
    y: Array.from({ length: 5000 }, () => 1),
  };
  const live = liveFigure({ data: [mine] });
  const points = (bundle: Bundle): number =>
    (bundle["application/vnd.plotly.v1+json"] as { data: { x: unknown[] }[] }).data[0].x.length;
  expect(points(shown[0].bundle)).toBeLessThan(1_000);
  live.add("train", 5000, 1);
  live.done();
  expect(points(shown.at(-1)?.bundle ?? {})).toBe(5001);
  expect(mine.x).toHaveLength(5000);
});

it("data frames show as tables, with what is missing missing", () => {
  class DataFrame {
    readonly columns = ["arm", "bitsPerByte"];
    readonly values = Array.from({ length: 30 }, (_, i) => [`arm ${i}`, i === 0 ? Number.NaN : 2.5]);
  }
  const bundle = bundleOf(new DataFrame()) as Bundle;
  expect(bundle["text/plain"]).toMatch(
    /^30 rows × 2 columns, the first 20\narm +bitsPerByte\n.*\narm 0 +–\narm 1 +2\.5\n/,
  );
  expect(String(bundle["text/html"]).match(/<tr>/g)).toHaveLength(21);
  expect(bundleOf({ columns: [], values: [] })).toBeUndefined();
});

it("values show through registered renderers and their own display", () => {
  class Mine {
    readonly secret = 1;
  }
  registerRenderer(
    (value): value is Mine => value instanceof Mine,
    (value) => ({ "text/plain": `mine ${value.secret}` }),
  );
  show(new Mine());
  expect(shown[0].bundle).toEqual({ "text/plain": "mine 1" });
  expect(bundleOf({ plain: true })).toBeUndefined();
});

it("a terminal gets text", () => {
  delete slots[HOST_SLOT];
  expect(host()).toBeUndefined();
  const written: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => written.push(String(text)) > 0);
  vi.spyOn(process.stderr, "write").mockImplementation((text) => written.push(String(text)) > 0);
  show(table([{ a: 1 }]));
  const live = liveFigure({ data: [], layout: { title: "Live" } });
  live.add("train", 0, 1);
  live.done();
  const bar = progress(2, "work");
  bar.tick(2);
  bar.done();
  const text = written.join("");
  expect(text).toContain("a\n─\n1\n");
  expect(text).toContain("Live\n  train:");
  expect(text).toContain("work ████████████████████████ 2/2");
});

it.each([
  [0.123456, "0.1235"],
  [134515008, "134,515,008"],
  [-0.00001234, "−1.234e−5"],
  [Number.NaN, "NaN"],
  [12345.678, "12350"],
])("the number %s is written %s", (value, text) => {
  expect(formatNumber(value)).toBe(text);
});

it("durations and sparklines", () => {
  expect([0.42, 12.3, 200, 7500].map(formatSeconds)).toEqual(["0.4 s", "12 s", "3 min 20 s", "2 h 5 min"]);
  expect(sparkline([1, 2, 3, 4], 4)).toBe("▁▃▆█");
  expect(sparkline([], 4)).toBe("");
});
