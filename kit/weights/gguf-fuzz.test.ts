import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { TensorRef } from "../engine/ref.js";
import { leaves } from "../engine/tree.js";
import { UserError } from "../errors.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { readGguf } from "./gguf.js";
import { modelFromGguf } from "./gguf-model.js";
import { readRef } from "./read.js";
import { kitAsJavaScript, peakMemory, runChild } from "./testing/child.js";
import { ggufBytes, tinyMetadata, tinyTensors } from "./testing/gguf.js";
import { mutation } from "./testing/mutation.js";

const seeds = [
  ggufBytes({ metadata: tinyMetadata, tensors: tinyTensors }),
  ggufBytes({
    metadata: [
      ["general.alignment", { u32: 64 }],
      ["texts", { texts: ["a", "bc"] }],
      ["f32s", { f32s: [1, 2, 3] }],
    ],
    tensors: [
      { name: "q", sizes: [32, 2], type: 3, data: new Uint8Array(40) },
      { name: "t", sizes: [256], type: 34, data: new Uint8Array(54) },
    ],
    alignment: 64,
  }),
];

/** Counts and type numbers a header can lie with. */
const dictionary = [0n, 1n, 2n, 9n, 255n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]
  .map((value) => new Uint8Array(BigUint64Array.of(value).buffer))
  .concat([2, 8, 9, 12, 34].map((value) => new Uint8Array(Uint32Array.of(value).buffer)));

test("4,000 mutated files either load or are refused, quickly", async () => {
  const file = join(temporaryFolder(), "x.gguf");
  let [read, loaded, slowest] = [0, 0, 0];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...seeds),
      fc.array(mutation(dictionary), { minLength: 1, maxLength: 3 }),
      async (seed, mutations) => {
        const bytes = mutations.reduce((current, mutate) => mutate(current), seed);
        writeFileSync(file, bytes);
        const start = performance.now();
        try {
          const gguf = await readGguf({ file, offset: 0, bytes: bytes.length });
          for (const { ref, shape } of gguf.tensors) {
            if (ref === undefined) continue;
            expect(ref.offset + ref.bytes).toBeLessThanOrEqual(bytes.length);
            expect(readRef(ref)).toHaveLength(shape.reduce((a, b) => a * b, 1));
          }
          read++;
          for (const ref of leaves<TensorRef>(modelFromGguf(gguf, file).params)) readRef(ref);
          loaded++;
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
        }
        slowest = Math.max(slowest, performance.now() - start);
      },
    ),
    { numRuns: 4_000 },
  );
  expect(read).toBeGreaterThan(100);
  expect(loaded).toBeGreaterThan(10);
  expect(slowest).toBeLessThan(5_000);
});

const mega = 2 ** 20;
const number = (value: number | bigint): Buffer => Buffer.from(BigUint64Array.of(BigInt(value)).buffer);
const word = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer);
/** A file with one metadata pair `k`, its value's type and content as given. */
const pair = (...content: Uint8Array[]): Uint8Array =>
  Buffer.concat([Buffer.from("GGUF"), word(3), number(0), number(1), number(1), Buffer.from("k"), ...content]);

const kit = kitAsJavaScript();

test.each<[string, () => Uint8Array]>([
  ["an array of 2^60 bytes", () => pair(word(9), word(0), number(2n ** 60n), Buffer.alloc(1000))],
  ["60 MB of bytes", () => pair(word(9), word(0), number(60 * mega), Buffer.alloc(60 * mega - 1))],
  ["60 MB of 64-bit integers", () => pair(word(9), word(10), number(7.5 * mega), Buffer.alloc(60 * mega - 1))],
  ["two million texts", () => pair(word(9), word(8), number(2_000_000), Buffer.alloc(2_000_000 * 10 - 1, number(2)))],
  ["eight million texts", () => pair(word(9), word(8), number(8_000_000), Buffer.alloc(8_000_000 * 8))],
  ["100 MB of header", () => pair(word(9), word(6), number(25 * mega), Buffer.alloc(100 * mega))],
])("a bad header costs less than 200 MB and no time to speak of: %s", async (_, make) => {
  const file = join(temporaryFolder(), "x.gguf");
  writeFileSync(file, make());
  const code = `${peakMemory}
    import { statSync } from "node:fs";
    import { readGguf } from "./weights/gguf.js";
    const idle = process.memoryUsage.rss();
    const start = performance.now();
    const file = process.env.FILE;
    const error = await readGguf({ file, offset: 0, bytes: statSync(file).size }).catch((error) => error);
    console.log(JSON.stringify({ name: error.name, extra: peak() - idle, ms: performance.now() - start }));`;
  const { stdout, stderr } = await runChild(kit, code, { env: { FILE: file } });
  expect(stderr).toBe("");
  const { name, extra, ms } = JSON.parse(stdout);
  expect(name).toBe("UserError");
  expect(extra).toBeLessThan(200 * mega);
  expect(ms).toBeLessThan(10_000);
});
