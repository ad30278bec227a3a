import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A fresh folder that is removed when the test file has finished. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "kintsugi-test-"));
  folders.push(folder);
  return folder;
}
