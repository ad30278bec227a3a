/** `npm run lm-eval -- MODEL --tasks …`. */
import { UserError } from "../errors.js";
import { lmEvalCommand } from "./lm-eval/command.js";

try {
  await lmEvalCommand().parseAsync();
} catch (error) {
  if (error instanceof UserError) console.error(`lm-eval: ${error.message}`);
  else console.error(error);
  process.exitCode = 1;
}
