import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findChromium } from "./chromium.mjs";
import { countTests, verdict } from "./vitest.mjs";

test("every test counts once, a file that could not be read counts as a failure", () => {
  const results = (...statuses: string[]) => statuses.map((status) => ({ status }));
  const report = {
    testResults: [
      { status: "passed", assertionResults: results("passed", "passed", "pending") },
      { status: "failed", assertionResults: results("failed", "passed", "todo") },
      { status: "failed", assertionResults: [] },
      { status: "failed", assertionResults: results("passed") },
    ],
  };
  expect(countTests(report)).toEqual({ passed: 4, failed: 3, skipped: 2 });
  expect(countTests({})).toEqual({ passed: 0, failed: 0, skipped: 0 });
  expect(verdict({ passed: 4, failed: 0 })).toBe("4 passed, 0 failed");
});

test("Chromium: the one that is named, else one on the PATH", () => {
  const folder = mkdtempSync(join(tmpdir(), "kintsugi-chromium-"));
  const path = join(folder, "chromium");
  const env = { PATH: folder, PLAYWRIGHT_BROWSERS_PATH: folder };
  expect(findChromium(env)).toBeUndefined();
  writeFileSync(path, "");
  chmodSync(path, 0o755);
  expect(findChromium(env)).toBe(path);
  expect(findChromium({ ...env, KINTSUGI_CHROMIUM: "/no/such/chromium" })).toBeUndefined();
  rmSync(folder, { recursive: true });
});
