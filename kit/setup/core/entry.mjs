import { messageOf, SetupFailure } from "./failure.mjs";
import { complain, red } from "./screen.mjs";
import { StepFailure } from "./steps.mjs";

/**
 * Run a command of the kit: its result is the exit code, and a failure is one line, never a stack trace.
 *
 * @param {() => Promise<number | void> | number | void} command
 */
export async function entry(command) {
  try {
    process.exitCode = (await command()) ?? 0;
  } catch (error) {
    process.exitCode = 1;
    if (error instanceof StepFailure) return;
    if (error instanceof SetupFailure) {
      if (error.detail) complain(error.detail);
      complain(`${red("✗")} ${error.message}${error.type === undefined ? "" : `. ${error.type}`}`);
    } else {
      complain(`${red("✗")} ${messageOf(error)}`);
      if (process.env.KINTSUGI_DEBUG) complain(String(error instanceof Error ? error.stack : error));
      else complain("  This looks like a mistake in the kit; KINTSUGI_DEBUG=1 shows where it happened.");
    }
  }
}
