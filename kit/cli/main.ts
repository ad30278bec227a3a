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
  .configureHelp({ showGlobalOptions: true })
  .showHelpAfterError("(--help lists what is possible)")
  .exitOverride();

for (const verb of [
  benchmarkCommand(),
  dataCommand(),
  evalCommand(),
  generateCommand(),
  healCommand(),
  inspectCommand(),
  exportCommand(),
  convertCommand(),
  measureCommand(),
  mergeCommand(),
  makeCommand(),
  packCommand(),
  runCommand(),
  serveCommand(),
  studyCommand(),
  tablesCommand(),
]) {
  program.addCommand(settled(verb, program));
}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/**
 * A verb, and those it has itself, with the settings of what it belongs to: commander's `addCommand` passes none on, so that a
 * mistake in a verb's words would end the process without a hint.
 */
function settled(verb: Command, parent: Command): Command {
  verb.copyInheritedSettings(parent);
  for (const own of verb.commands) settled(own, verb);
  return verb;
}

/** One line for a mistake in what was given; a trace only for a bug of the kit. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 1;
  if (error instanceof UserError) console.error(`kintsugi: ${error.message}`);
  else console.error("kintsugi: this is a bug of the kit, please report it:\n", error);
  return 1;
}
