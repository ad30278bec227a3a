import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { leaking, withoutTokenizer } from "../../cli/testing/models.js";
import { runCommand } from "../../cli/testing/run.js";
import { projectRoot } from "../../source/index.js";
import { lmEvalCommand } from "./command.js";

/** Every error is one line, and comes before the harness is installed. */
async function refused(args: readonly string[], message: RegExp): Promise<void> {
  const error = await runCommand(lmEvalCommand(), args).then(
    () => expect.unreachable(),
    (error: Error) => error,
  );
  expect(error.message).toMatch(message);
  expect(error.message.trim()).not.toContain("\n");
}

const tasks = ["--tasks", "toy_pairs"] as const;

test.each<[string[], RegExp]>([
  [["pico"], /required option '-t, --tasks/],
  [["pico", "--tasks", "toy_pair"], /there is no task "toy_pair".*Did you mean toy_pairs\?/],
  [["pico", "--tasks", "toy_pairs,arc_esy"], /Did you mean arc_easy\?/],
  [["pico", "--tasks", ","], /no tasks are named/],
  // Tasks before models.
  [["/none/such", "--tasks", "toy_pair"], /Did you mean toy_pairs\?/],
  [["/none/such", ...tasks], /There is no \/none\/such/],
  [["picoo", ...tasks], /Did you mean pico\?/],
  [["pico", ...tasks, "--limit", "-1"], /a number of documents, or a share/],
  [["pico", ...tasks, "--fewshot", "half"], /whole number from 0/],
  [["pico", ...tasks, "--max-length", "1000"], /1000 tokens are more than the model reads.*at most 256/],
])("%j is one clear error", async (args, message) => {
  await refused(args, message);
});

test("a model without a tokenizer is one clear error", async () => {
  await refused([withoutTokenizer(), ...tasks], /has no tokenizer/);
});

test("a model that sees the future is one clear error unless that is allowed", async () => {
  await refused([await leaking(), ...tasks], /sees the future \(layers\.0\.mixerNorm and \d+ more\)/);
});

test("on the command line an error is one line and exit code 1", () => {
  const program = join(projectRoot(), "kit", "dist", "bench", "lm-eval.js");
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, "pico", "--tasks", "toy_pair"], {
    encoding: "utf8",
  });
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toMatch(/^lm-eval: there is no task "toy_pair".*\n$/);
});
