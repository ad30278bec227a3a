import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { UserError } from "../errors.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { byteLength } from "./dtypes.js";
import { readRef } from "./read.js";
import { readSafetensors } from "./safetensors.js";
import { kitAsJavaScript, peakMemory, runChild } from "./testing/child.js";
import { mutation } from "./testing/mutation.js";
import { safetensorsBytes } from "./testing/safetensors.js";

/** Files of one, several and no tensors, and one with everything the format has. */
const seeds = [
  safetensorsBytes('{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}', new Uint8Array(24)),
  safetensorsBytes(
    '{"__metadata__":{"format":"pt","é":"\\u00e9"},"x.weight":{"dtype":"BF16","shape":[4],"data_offsets":[0,8]},' +
      '"y":{"dtype":"I64","shape":[],"data_offsets":[8,16]},"z":{"dtype":"BOOL","shape":[0,7],"data_offsets":[16,16]}}  ',
    new Uint8Array(16),
  ),
  safetensorsBytes("{}", new Uint8Array(0)),
];

/** Pieces of headers that a random byte would hardly ever make. */
const dictionary = [
  '"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},',
  '"dtype":"F64"',
  '"shape":[',
  "99999999999999999999",
  "-1",
  "1e3",
  "9007199254740993",
  "\\u0061",
  "\\ud800",
  '"__metadata__":{',
  "[[",
  "]]",
  "{{",
  "}}",
  ",",
  "0",
  "null",
  "\0",
  "\u00a0",
].map((text) => Buffer.from(text));

test("10,000 mutated files either load or are refused, quickly", async () => {
  const folder = temporaryFolder();
  const file = join(folder, "x.safetensors");
  let [loaded, slowest] = [0, 0];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...seeds),
      fc.array(mutation(dictionary), { minLength: 1, maxLength: 4 }),
      async (seed, mutations) => {
        const bytes = mutations.reduce((current, mutate) => mutate(current), seed);
        writeFileSync(file, bytes);
        const start = performance.now();
        try {
          const { tensors } = await readSafetensors(file);
          for (const ref of tensors.values()) {
            expect(ref.bytes).toBe(byteLength(ref.dtype, ref.shape));
            expect(ref.offset + ref.bytes).toBeLessThanOrEqual(bytes.length);
            expect(readRef(ref).length * ref.bytes).toBe(
              ref.bytes === 0 ? 0 : ref.bytes * ref.shape.reduce((a, b) => a * b, 1),
            );
          }
          // What loads must also be what any JSON parser reads, once for each name.
          const header = JSON.parse(
            Buffer.from(bytes).toString("utf8", 8, 8 + Number(Buffer.from(bytes).readBigUInt64LE())),
          );
          expect(new Set(Object.keys(header).filter((name) => name !== "__metadata__"))).toEqual(
            new Set(tensors.keys()),
          );
          loaded++;
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
        }
        slowest = Math.max(slowest, performance.now() - start);
      },
    ),
    { numRuns: 10_000 },
  );
  expect(loaded).toBeGreaterThan(100);
  expect(loaded).toBeLessThan(9_000);
  expect(slowest).toBeLessThan(5_000);
});

const mega = 2 ** 20;
const costly: [string, () => Uint8Array][] = [
  ["32 MB of spaces", () => Buffer.alloc(32 * mega, " ")],
  ["one name of 32 MB", () => Buffer.concat([Buffer.from('{"'), Buffer.alloc(32 * mega - 2, "n")])],
  ["32 MB of escapes", () => Buffer.concat([Buffer.from('{"'), Buffer.alloc(32 * mega - 4, "\\n"), Buffer.from('":')])],
  ["32 MB of brackets", () => Buffer.concat([Buffer.from('{"a":'), Buffer.alloc(32 * mega - 5, "[")])],
  [
    "half a million tensors",
    () => Buffer.from(`{${Array.from({ length: 500_000 }, (_, i) => line(`${i}`)).join(",")}}`),
  ],
  [
    "long names",
    () => Buffer.from(`{${Array.from({ length: 90_000 }, (_, i) => line(`${i}é${"n".repeat(250)}`)).join(",")}}`),
  ],
  ["a header of 200 MB", () => Buffer.alloc(200 * mega, " ")],
];

function line(name: string): string {
  return `"${name}":{"dtype":"U8","shape":[],"data_offsets":[0,1]}`;
}

const kit = kitAsJavaScript();

test.each(costly)("a bad header costs less than 200 MB and no time to speak of: %s", async (_, header) => {
  const file = join(temporaryFolder(), "x.safetensors");
  writeFileSync(file, safetensorsBytes(header(), new Uint8Array(1)));
  const code = `${peakMemory}
    import { readSafetensors } from "./weights/safetensors.js";
    const idle = process.memoryUsage.rss();
    const start = performance.now();
    const error = await readSafetensors(process.env.FILE).catch((error) => error);
    console.log(JSON.stringify({ name: error.name, extra: peak() - idle, ms: performance.now() - start }));`;
  const { stdout, stderr } = await runChild(kit, code, { env: { FILE: file } });
  expect(stderr).toBe("");
  const { name, extra, ms } = JSON.parse(stdout);
  expect(name).toBe("UserError");
  expect(extra).toBeLessThan(200 * mega);
  expect(ms).toBeLessThan(10_000);
});
