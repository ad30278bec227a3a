import { expect, test } from "vitest";
import { corpus } from "../text/index.js";
import { describeRebuilt } from "./data.js";

const nothing = { looked: [], path: "/cache/texts.jsonl" };

test("a corpus that is complete: its size, its hash, its file", () => {
  const whole = corpus("c", ["one", "two"]);
  expect(describeRebuilt("c", { ...nothing, corpus: whole, count: 2, missing: [] })).toBe(
    `c: 2 texts, 6 bytes, sha256 ${whole.sha256}\n/cache/texts.jsonl`,
  );
});

test("one that is not: how many are missing, and the first ten by number and hash", () => {
  const missing = Array.from({ length: 1203 }, (_, i) => ({ text: 2 * i, key: `${i}`.padStart(16, "0") }));
  const lines = describeRebuilt("c", { ...nothing, corpus: undefined, count: 5000, missing }).split("\n");
  expect(lines[0]).toBe("c: 1,203 of 5,000 texts are missing");
  expect(lines.slice(1, 11)).toEqual(missing.slice(0, 10).map(({ text, key }) => `  text ${text}, sha256 ${key}…`));
  expect(lines.slice(11)).toEqual([
    "  and 1,193 more",
    "What was found is kept; --from names another copy to look through",
  ]);
});
