import { afterEach, expect, test, vi } from "vitest";

afterEach(() => {
  process.exitCode = undefined;
  vi.restoreAllMocks();
});

/** What the program says beside its output when it is called with these words. */
async function said(...words: readonly string[]): Promise<string> {
  const { argv } = process;
  const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  vi.resetModules();
  process.argv = [argv[0], "kintsugi", ...words];
  try {
    await import("./main.js");
    return write.mock.calls.map(([text]) => String(text)).join("");
  } finally {
    process.argv = argv;
    write.mockRestore();
  }
}

test.each([
  ["the program", ["--bogus"]],
  ["a verb", ["merge", "--bogus"]],
  ["a verb's own verb", ["make", "pico", "--bogus"]],
])("%s answers an unknown option with a hint and exit code 1", async (_, words) => {
  // Where a setting is missing, commander would end the process itself.
  const exit = vi.spyOn(process, "exit").mockImplementation((code) => expect.unreachable(`ended with ${code}`));
  expect(await said(...words)).toBe("error: unknown option '--bogus'\n(--help lists what is possible)\n");
  expect(process.exitCode).toBe(1);
  expect(exit).not.toHaveBeenCalled();
});
