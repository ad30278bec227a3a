import { Command, CommanderError } from "commander";
import { UserError } from "../errors.js";
import { benchmarkCommand } from "./benchmark.js";
import { convertCommand } from "./convert.js";
import { dataCommand } from "./data.js";
import { evalCommand } from "./eval.js";
import { exportCommand } from "./export.js";
import { generateCommand } from "./generate.js";
import { healCommand } from "./heal.js";
import { inspectCommand } from "./inspect.js";
import { makeCommand } from "./make.js";
import { measureCommand } from "./measure.js";
import { mergeCommand } from "./merge.js";
import { packCommand } from "./pack.js";
import { runCommand } from "./run.js";
import { serveCommand } from "./serve.js";
import { studyCommand } from "./study.js";
import { tablesCommand } from "./tables.js";

const program = new Command("kintsugi")
  .description("Take language models apart, rebuild them, heal them.")
  .addCommand(benchmarkCommand())
  .addCommand(dataCommand())
  .addCommand(evalCommand())
  .addCommand(generateCommand())
  .addCommand(healCommand())
  .addCommand(inspectCommand())
  .addCommand(exportCommand())
  .addCommand(convertCommand())
  .addCommand(measureCommand())
  .addCommand(mergeCommand())
  .addCommand(makeCommand())
  .addCommand(packCommand())
  .addCommand(runCommand())
  .addCommand(serveCommand())
  .addCommand(studyCommand())
  .addCommand(tablesCommand())
  .configureHelp({ showGlobalOptions: true })
  .showHelpAfterError("(--help lists what is possible)");

try {
  await program.exitOverride().parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** One line for a mistake in what was given; a trace only for a bug of the kit. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 1;
  if (error instanceof UserError) console.error(`kintsugi: ${error.message}`);
  else console.error("kintsugi: this is a bug of the kit, please report it:\n", error);
  return 1;
}
