import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Contestant } from "./contestant.js";
import { allowedCpus } from "./machine.js";

test("a contestant killed by a signal has ended: asked once or again, it fails and never hangs", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kintsugi-contestant-"));
  const program = join(folder, "killed");
  writeFileSync(program, "#!/bin/sh\nkill -9 $$\n");
  chmodSync(program, 0o755);
  const contestant = Contestant.peer("killed", program, "none.py");
  await expect(contestant.ask("run")).rejects.toThrow("the process ended (SIGKILL)");
  await expect(contestant.ask("run")).rejects.toThrow("the process has ended");
  await contestant.close();
  rmSync(folder, { recursive: true });
});

test("the processors allowed here, in the kernel's words", () => {
  expect(allowedCpus("Name:\tnode\nCpus_allowed_list:\t3,8-10\nMems_allowed_list:\t0\n")).toEqual([3, 8, 9, 10]);
  expect(allowedCpus("Name:\tnode\n")).toEqual([]);
});
