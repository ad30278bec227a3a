import { readFileSync } from "node:fs";
import { join } from "node:path";
import { entry } from "../core/entry.mjs";
import { SetupFailure } from "../core/failure.mjs";
import { project } from "../core/project.mjs";
import { say } from "../core/screen.mjs";
import { compileRequirements } from "../steps/pypi.mjs";

/** Derive cpu.txt and gpu.txt from the .in files: one list of exact versions for every platform and Python. */
await entry(async () => {
  for (const variant of /** @type {const} */ (["cpu", "gpu"])) {
    const file = project.requirements(variant);
    await compileRequirements(project, file.replace(/\.txt$/, ".in"), file);
    // Whoever derives the list may use an index of their own: it must not travel with the list.
    const foreign = readFileSync(file, "utf8")
      .split("\n")
      .find((line) => /:\/\/|--/.test(line));
    if (foreign !== undefined) throw new SetupFailure(`${join(file)} names an address: ${foreign}`);
    say(`wrote ${file}`);
  }
});
