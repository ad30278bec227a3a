/** The models of benchmarks: where they lie, and what is known of them without loading them. */
import { join } from "node:path";
import { UserError } from "../errors.js";
import type { ModelSource } from "../evals/index.js";
import type { Speaker } from "../generate/index.js";
import * as lab from "../lab/index.js";
import { startOf } from "../lab/start.js";
import { studies } from "../studies/index.js";
import * as weights from "../weights/index.js";
import { named } from "./named.js";
import { loadSpeaker } from "./speaker.js";

/** Loads a model of a benchmark. @param models where `kintsugi study` kept trained models */
export async function openSource(
  source: ModelSource,
  archive: lab.Archive,
  models: string | undefined,
): Promise<Speaker> {
  switch (source.kind) {
    case "named":
      return await loadSpeaker(source.name);
    case "packed":
      return await loadSpeaker(join(lab.packedFolder(), source.study, source.arm));
    case "trained": {
      const run = runOf(source, archive);
      return await loadSpeaker(lab.keptModel(run, models) ?? lab.modelFolder(run, models));
    }
    case "converted": {
      const { model, source: checkpoint } = await startOf(runOf(source, archive).spec, source.seed);
      return { model, tokenizer: weights.requireTokenizer(source.arm, checkpoint?.tokenizer) };
    }
  }
}

/** SHA-256 of a trained model's weights, from the record of its run. The names of other models change with them. */
export function weightsOf(source: ModelSource, archive: lab.Archive): string | undefined {
  return source.kind === "trained" ? archive.find(runOf(source, archive))?.footer?.weightsSha256 : undefined;
}

/** The run of an arm, at the learning rate its study has found. */
function runOf(
  { study: name, arm, seed }: { study: string; arm: string; seed: number },
  archive: lab.Archive,
): lab.Run {
  const study = named(studies, "study", name);
  const { rate } = lab.learningRate(study, arm, archive);
  const found = lab.armRuns(study, arm, rate).find((run) => run.seed === seed);
  if (found !== undefined) return found;
  throw new UserError(`the arm ${arm} has no seed ${seed}`, { where: `study ${name}` });
}
