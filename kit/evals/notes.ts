/** What a task's numbers do not say, though it can be known before they are there. */
import { generationOptions, outputTypeOf } from "./requests/requests.js";
import type { TaskConfig } from "./tasks/config.js";

/** Notes on a task. @param fewshot how many examples are asked for, whatever the task says */
export function notesOn(config: TaskConfig, { fewshot = 0 }: { readonly fewshot?: number }): readonly string[] {
  const notes: string[] = [];
  if (fewshot > 0 && config.num_fewshot === 0) {
    notes.push(
      `${config.task}: no examples are shown, since the task itself says 0; the harness keeps to that as well`,
    );
  }
  const drawing = outputTypeOf(config) === "generate_until" ? onDrawing(config) : undefined;
  return drawing === undefined ? notes : [...notes, `${config.task}: ${drawing}`];
}

/** Where the harness's two ways of continuing a text differ: ours is that of its API models. */
function onDrawing(config: TaskConfig): string | undefined {
  const { do_sample, temperature } = generationOptions(config);
  const drawn = (temperature ?? 0) > 0;
  if (do_sample === true && !drawn) {
    return (
      "the best tokens are taken, since do_sample is true without a temperature above 0; so do the harness's API models, " +
      "which pass on the temperature alone, and its Hugging Face backend refuses it"
    );
  }
  if (do_sample === false && drawn) {
    return (
      `tokens are drawn at temperature ${temperature}, though do_sample is false; so do the harness's API models, which pass on ` +
      "the temperature alone, and its Hugging Face backend takes the best tokens"
    );
  }
  return undefined;
}
