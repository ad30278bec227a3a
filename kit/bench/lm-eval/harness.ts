/** A model behind a server, tested, with the real harness in front of it. */
import * as evals from "../../evals/index.js";
import type { Speaker } from "../../generate/index.js";
import { peer } from "../peers.js";

export type HarnessOnOptions = Omit<evals.HarnessOptions, "python" | "url" | "speaker" | "maxLength"> & {
  readonly tasks: readonly string[];
  readonly maxLength?: number;
  readonly allowLeak?: evals.ServeOptions["allowLeak"];
};

/**
 * Serves a model as long as lm-evaluation-harness asks about it.
 *
 * @throws UserError when the model cannot be served so, the harness cannot be installed, the server fails its self-test, or the harness fails
 */
export async function harnessOn(speaker: Speaker, options: HarnessOnOptions): Promise<evals.HarnessRun> {
  const { tasks, name, maxLength = speaker.model.config.context, allowLeak, batchSize = 16 } = options;
  // The server before the harness: a model that is refused costs no installation.
  const serving = await evals.serve(speaker, {
    name,
    port: 0,
    maxBatch: Math.max(64, batchSize),
    maxContext: maxLength,
    allowLeak,
  });
  try {
    const { python } = await peer("lm-eval");
    await evals.selfTest(serving.url, speaker, { maxLength });
    return await evals.runHarness(tasks, { ...options, python, url: serving.url, speaker, maxLength });
  } finally {
    await serving.close();
  }
}
