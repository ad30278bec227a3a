/** Every study in small, from nothing over its records to its tables: part of `npm run check`. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { Archive, conduct, derive, inThisProcess, type Study, studyResult, tableMarks } from "../lab/index.js";
import { smoke, studies } from "../studies/index.js";

const root = mkdtempSync(join(tmpdir(), "kintsugi-smoke-"));
const records = join(root, "records");
const execute = inThisProcess({ records, checkpoints: join(root, "checkpoints") });

/** What is wrong with a study's tables after all its runs. */
function problems(study: Study): readonly string[] {
  const complaints: string[] = [];
  const archive = new Archive(records, (message) => void complaints.push(message));
  for (const { arm, planned, bitsPerByte, diverged } of studyResult(study, archive).arms) {
    const there = bitsPerByte.bySeed.size + diverged;
    if (there !== planned) complaints.push(`${arm}: ${there} of ${planned} runs`);
  }
  const readme = `${tableMarks.begin}\n${tableMarks.end}`;
  const [files, again] = [1, 2].map(() => derive({ studies: [study], archive }, readme));
  const other = [...files].filter(([path, content]) => !isDeepStrictEqual(content, again.get(path)));
  if (other.length > 0) complaints.push(`not the same twice: ${other.map(([path]) => path).join(", ")}`);
  const answer = files.get("README.md");
  if (typeof answer !== "string" || !answer.includes("bits per byte")) complaints.push("it has no answer");
  return complaints;
}

let failed = 0;
for (const study of studies.map(smoke)) {
  const began = performance.now();
  const complete = await conduct(study, { records, execute });
  const wrong = complete ? problems(study) : ["it is not complete"];
  if (wrong.length > 0) failed++;
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  console.log(
    `${wrong.length === 0 ? "✓" : "✗"} ${study.name} · ${seconds} s${wrong.map((one) => `\n    ${one}`).join("")}`,
  );
}
rmSync(root, { recursive: true, force: true });
console.log(`${studies.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
