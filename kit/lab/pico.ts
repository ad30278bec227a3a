/** How the sample model is made: its tokenizer, its data, its training, its record. All of it is the kit's own. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type ExecutionBackend, free, item, scope, type Tensor, tensor } from "../engine/index.js";
import { countParameters, flopsPerToken, init, type Model, type ModelConfig, pico } from "../model/index.js";
import { projectRoot } from "../source/index.js";
import {
  batches,
  type Corpus,
  corpus,
  encodeDocuments,
  packer,
  splitCorpus,
  startCursor,
  type Tokenizer,
  tokenizerFromJson,
  toyStories,
  trainBpe,
} from "../text/index.js";
import { cosine, nextTokenLoss, type StepRecord, Training } from "../train/index.js";
import { save } from "../weights/index.js";
import { weightsHash } from "./models.js";
import { recordPath } from "./record.js";
import { RecordWriter } from "./recordWriter.js";

const boundary = "<|endoftext|>";

/** Everything that decides pico's weights. */
export type PicoRecipe = {
  readonly config: ModelConfig;
  readonly seed: number;
  readonly backend: ExecutionBackend;
  /** How many stories there are, and the share held out. */
  readonly stories: { readonly seed: number; readonly count: number; readonly validation: number };
  /** Size of the vocabulary, and how many stories it is learnt from. */
  readonly tokenizer: { readonly vocab: number; readonly stories: number };
  readonly batch: number;
  readonly length: number;
  readonly steps: number;
  readonly peak: number;
  readonly warmupTokens: number;
};

export const picoRecipe: PicoRecipe = {
  config: pico,
  seed: 0,
  backend: "xla",
  stories: { seed: 0, count: 40_000, validation: 0.01 },
  tokenizer: { vocab: pico.vocab, stories: 4_000 },
  batch: 16,
  length: 256,
  steps: 2_000,
  peak: 4e-3,
  warmupTokens: 400_000,
};

export type MakePicoOptions = {
  /** Replace what is there. */
  readonly force?: boolean;
  readonly report?: (step: StepRecord) => void;
};

/**
 * Trains `pico` and writes `data/sample/pico` and its record.
 *
 * @throws UserError when its record exists and `force` is not given.
 */
export async function makePico({ force = false, report }: MakePicoOptions = {}): Promise<void> {
  const { config, seed, stories, batch, length, steps, peak, warmupTokens, backend } = picoRecipe;
  const whole = corpus("toy-stories", toyStories(stories));
  const { train, validation } = splitCorpus(whole, stories.validation);
  const tokenizerJson = trainBpe(train.texts.slice(0, picoRecipe.tokenizer.stories), {
    vocab: config.vocab,
    special: [boundary],
    begin: boundary,
  });
  const tokenizer = tokenizerFromJson(tokenizerJson);
  const run = { study: "pico", arm: "pico", seed, spec: picoRecipe };
  if (force) rmSync(recordPath(run), { force: true });
  const record = RecordWriter.begin({
    ...run,
    dataset: { name: whole.name, sha256: whole.sha256 },
    parameters: countParameters(config),
    flopsPerToken: flopsPerToken(config, length / 2),
    backend,
  });
  const began = performance.now();
  const model = init(config, seed);
  const training = new Training({
    model,
    backend,
    steps,
    learningRate: cosine({ peak, warmupTokens, totalTokens: steps * batch * length }),
    batches: batches(
      encodeDocuments(tokenizer, train.texts),
      { batch, length, boundary: tokenizer.idOf(boundary)! },
      startCursor(seed),
    ),
  });
  free(model);
  await training.run((step) => {
    if (step.step % 50 === 0 || step.step === 1) record.append(step);
    report?.(step);
  });
  await writeSample(training.model, tokenizerJson, force);
  record.close({
    ending: "done",
    ...judge(training.model, tokenizer, validation),
    weightsSha256: weightsHash(training.model),
    wallSeconds: (performance.now() - began) / 1000,
  });
  training.dispose();
}

/** Mean loss over the validation stories, joined and cut into full rows; what is left of the last row does not count. */
function judge(
  model: Model<Tensor>,
  tokenizer: Tokenizer,
  { texts, bytes }: Corpus,
): { validationNats: number; bitsPerByte: number } {
  const documents = encodeDocuments(tokenizer, texts);
  const pack = packer(documents);
  const options = { batch: 8, length: model.config.context, boundary: tokenizer.idOf(boundary)! };
  const tokens = documents.ids.length + texts.length;
  let [total, counted] = [0, 0];
  for (let cursor = startCursor(0); counted + options.batch * options.length <= tokens; ) {
    const { inputs, targets, shape, cursor: next } = pack(options, cursor);
    total += inputs.length * scope(() => item(nextTokenLoss(model, tensor(inputs, shape), tensor(targets, shape))));
    counted += inputs.length;
    cursor = next;
  }
  const validationNats = total / counted;
  return { validationNats, bitsPerByte: (validationNats * tokens) / (bytes * Math.LN2) };
}

async function writeSample(model: Model<Tensor>, tokenizerJson: object, force: boolean): Promise<void> {
  const folder = join(projectRoot(), "data", "sample", "pico");
  mkdirSync(join(projectRoot(), "data", "sample"), { recursive: true });
  await save(model, folder, { dtype: "BF16", overwrite: force, tokenizer: tokenizerJson });
}
