import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { projectRoot } from "../source/index.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { merge, mergeText, planMerge } from "../surgery/index.js";
import { writeConfig } from "../surgery/testing/folders.js";
import { smallConfig, smallShapes, writeSmall } from "../weights/testing/llama.js";

/** A layer of some MB, and a configuration that stacks it until it takes a while to write. */
function prepared(): { folder: string; config: string; source: string } {
  const folder = temporaryFolder();
  const sizes: Readonly<Record<number, number>> = { 4: 256, 8: 512, 11: 11, 12: 2048 };
  const shapes = [...smallShapes(1)].map(([name, shape]) => [name, shape.map((size) => sizes[size])] as const);
  const config = { ...smallConfig, hidden_size: 512, intermediate_size: 2048, num_hidden_layers: 1 };
  const source = writeSmall(join(folder, "a"), config, new Map(shapes));
  return { folder, source, config: writeConfig(folder, stacked(source, 100)) };
}

function stacked(model: string, times: number): string {
  return mergeText(Array.from({ length: times }, () => ({ model, layers: [0, 1] as const })));
}

const draftsIn = (folder: string): string[] => readdirSync(folder).filter((name) => /^\.out\..*\.tmp$/.test(name));

/** Merges in a process of its own, which is sent a signal as soon as a draft holds something. */
async function interrupted(folder: string, config: string, signal: NodeJS.Signals): Promise<number | null> {
  const words = ["merge", config, join(folder, "out"), "--force", "--out-shard-size", "16M"];
  const child = spawn(process.execPath, [join(projectRoot(), "kit", "kintsugi.mjs"), ...words]);
  onTestFinished(() => void child.kill("SIGKILL"));
  let said = "";
  child.stderr.on("data", (text) => (said += text));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const begun = (): boolean => draftsIn(folder).some((draft) => readdirSync(join(folder, draft)).length > 0);
  await expect.poll(() => begun() || said, { timeout: 60_000, interval: 5 }).toBe(true);
  child.kill(signal);
  return await ended;
}

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)(
  "a merge that is sent %s takes its draft along, and ends with %d",
  async (signal, code) => {
    const { folder, config } = prepared();
    mkdirSync(join(folder, "out"));
    writeFileSync(join(folder, "out", "mine.txt"), "mine");
    expect(await interrupted(folder, config, signal)).toBe(code);
    expect(readdirSync(folder).sort()).toEqual(["a", "merge.yml", "out"]);
    expect(readFileSync(join(folder, "out", "mine.txt"), "utf8")).toBe("mine");
  },
  120_000,
);

test("what a killed merge left is removed by the next one", async () => {
  const { folder, config, source } = prepared();
  await interrupted(folder, config, "SIGKILL");
  expect(draftsIn(folder)).toHaveLength(1);
  await merge(await planMerge(writeConfig(folder, stacked(source, 2))), join(folder, "out"));
  expect(readdirSync(folder).sort()).toEqual(["a", "merge.yml", "out"]);
}, 120_000);
