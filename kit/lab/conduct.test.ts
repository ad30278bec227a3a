import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { armRuns, conduct, type Run } from "./index.js";
import { smallStudy, writeRecord } from "./testing/records.js";

it("asks once for a run whose record cannot be read", async () => {
  const records = mkdtempSync(join(tmpdir(), "kintsugi-conduct-"));
  const damaged = armRuns(smallStudy, "some")[0];
  writeFileSync(writeRecord(damaged, records, { bitsPerByte: 2 }), "");
  const asked: Run[] = [];
  const execute = async (run: Run) => {
    asked.push(run);
    if (run.arm === "some") return "done before";
    writeRecord(run, records, { bitsPerByte: 2 });
    return "done";
  };
  const said: string[] = [];
  const conducted = conduct(smallStudy, { records, execute, say: (message) => void said.push(message) });
  await expect(conducted).rejects.toThrow(/the record of some, seed 0 cannot be read .*seed-0.*Delete it/);
  expect(asked.map(({ arm, seed }) => `${arm} ${seed}`)).toEqual(["none 0", "some 0"]);
  expect(said.at(-1)).toMatch(/its first line is no header/);
});
