import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { Command } from "commander";
import * as evals from "../evals/index.js";
import * as lab from "../lab/index.js";
import { projectRoot } from "../source/index.js";
import { answers, benchmarks, claims, measurements, studies } from "../studies/index.js";
import { weightsOf } from "./subjects.js";
import { plural } from "./words.js";

/** `kintsugi tables`: everything that is derived from records. TensorFlow is not loaded. */
export function tablesCommand(): Command {
  return new Command("tables")
    .description("derive tables, figures, claims and the README's table from the records")
    .option("--check", "write nothing; name the files that are not what the records say, and fail")
    .action(async ({ check = false }: { check?: boolean }) => {
      const root = projectRoot();
      const archive = new lab.Archive(lab.recordsFolder(), (message) => console.error(message));
      const readme = readFileSync(join(root, "README.md"), "utf8");
      const packed = lab.packedModels();
      const known: evals.WeightsOf = (source) => weightsOf(source, archive);
      const evaluated = await evals.deriveBenchmarks(benchmarks(packed), new evals.EvalArchive(), known);
      const { sections } = evaluated;
      const observed = lab.observations(lab.knownMeasurements(measurements, archive).known);
      const benches = lab.readBenches();
      const ofStudies = lab.derive({ studies, archive, answers, claims, observed, benches, packed, sections }, readme);
      const files = new Map([...ofStudies, ...evaluated.files]);
      for (const path of archive.unclaimed(studies)) console.error(`${relative(root, path)}: no study calls for it`);
      const changed = check ? lab.differing(files, root) : lab.writeDerived(files, root);
      for (const path of changed) console.log(check ? `${path}: not what the records say` : path);
      const derived = [...files.values()].filter((content) => content !== undefined).length;
      console.log(`${plural(derived, "file")} derived, ${changed.length} ${check ? "differ" : "written"}`);
      if (check && changed.length > 0) {
        console.log("npm run tables writes them anew");
        process.exitCode = 1;
      }
    });
}
