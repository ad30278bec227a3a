import { tmpdir } from "node:os";
import { afterAll, beforeAll, expect, it } from "vitest";
import { KernelClient } from "./client.js";

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await KernelClient.start(tmpdir());
  await kernel.execute(`/** Multiplies every value. */
function scale(values: number[], options: { factor: number; floor?: number }): number[] {
  return values.map((value) => value * options.factor);
}
const figures = { loss: [1], accuracy: [2] };`);
});
afterAll(async () => {
  await kernel.stop();
});

/** A request with the cursor where the bar stands. */
async function at(type: string, marked: string): Promise<Record<string, unknown>> {
  const code = marked.replace("|", "");
  return kernel.request(type, { code, cursor_pos: [...marked.slice(0, marked.indexOf("|"))].length, detail_level: 0 });
}

it.each([
  ["a member", "figures.lo|", "loss"],
  ["a member of a name from this cell", "const own = { width: 1 };\nown.w|", "width"],
  ["an argument", "scale(fig|)", "figures"],
  ["a member inside a call", "scale(figures.|)", "accuracy"],
  ["a key of an options object", "scale([1], { fa| })", "factor"],
  ["a key of an empty options object", "scale([1], { | })", "floor"],
])("completes %s", async (_, code, expected) => {
  const { matches, status } = await at("complete_request", code);
  expect(status).toBe("ok");
  expect(matches).toContain(expected);
});

it("counts code points, not UTF-16 units", async () => {
  const { matches, cursor_start, cursor_end } = await at("complete_request", "const text = '😀😀'; figures.acc|");
  expect(matches).toEqual(["accuracy"]);
  expect([cursor_start, cursor_end]).toEqual([27, 30]);
});

it.each([
  ["a name", "sca|le"],
  ["the end of a name", "scale|"],
  ["inside a call", "scale(|)"],
  ["inside the second argument", "scale([1, 2], { factor: | })"],
])("inspects at %s", async (_, code) => {
  const { found, data } = await at("inspect_request", code);
  expect(found).toBe(true);
  const text = (data as Record<string, string>)["text/plain"];
  expect(text).toContain("function scale(values: number[], options:");
  expect(text).toContain("Multiplies every value.");
});

it("finds nothing where there is nothing", async () => {
  expect(await at("inspect_request", "  |")).toMatchObject({ status: "ok", found: false });
});
