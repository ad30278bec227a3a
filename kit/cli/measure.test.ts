import { expect, test } from "vitest";
import { measureCommand } from "./measure.js";
import { runCommand } from "./testing/run.js";

/** What the command prints. */
async function run(...args: string[]): Promise<string> {
  return (await runCommand(measureCommand(), args)).out;
}

test("a measurement whose record is there is not taken again", async () => {
  expect(await run("merges/deep/classes", "merges/plain/classes")).toBe("0 measurements taken, 2 there before");
});

test.each<[string[], RegExp]>([
  [["merge"], /there is no measurement "merge": expected merges, heal-stories/],
  [["merges/deap"], /Did you mean merges\/deep\?/],
  [["merges/deep", "merges/deep/clases"], /Did you mean merges\/deep\/classes\?/],
])("%j is one clear error", async (names, message) => {
  const error = await run(...names).then(
    () => expect.unreachable(),
    (error: Error) => error,
  );
  expect(error.message).toMatch(message);
  expect(error.message).not.toContain("\n");
});
