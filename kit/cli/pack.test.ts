import { expect, test } from "vitest";
import { packCommand } from "./pack.js";
import { runCommand } from "./testing/run.js";

test("a study that nobody knows is one clear error", async () => {
  await expect(runCommand(packCommand(), ["mixr"])).rejects.toThrow(/there is no study "mixr".*Did you mean mixer/s);
});
