import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { temporaryFolder } from "../../source/testing/folder.js";
import { DISPLAY } from "../rendering.js";
import { figure } from "./figure.js";

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

it("keeps the text when the picture cannot be drawn", () => {
  const broken = figure({ data: [{ type: "scatter", y: [1], transforms: null }], layout: { width: 1e9, height: 1e9 } });
  const bundle = broken[DISPLAY]() as Record<string, unknown>;
  expect(bundle["image/png"]).toBeUndefined();
  expect(bundle["text/plain"]).toContain("1 points");
  expect(figure(SPEC).png().length).toBeGreaterThan(1_000);
});

it("saves the picture in one step", async () => {
  const folder = temporaryFolder();
  await figure(SPEC).save(join(folder, "loss.png"));
  await figure(SPEC).save(join(folder, "loss.svg"));
  expect(readFileSync(join(folder, "loss.png")).subarray(1, 4).toString()).toBe("PNG");
  expect(readFileSync(join(folder, "loss.svg"), "utf8")).toBe(figure(SPEC).svg());
});
