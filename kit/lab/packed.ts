/** Trained models that are part of the project: the best and the worst arm of a study, small enough to be committed. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { free, scope } from "../engine/index.js";
import { UserError } from "../errors.js";
import { documentScorer } from "../measure/index.js";
import { between, fields, name, oneOf, positive, whole } from "../model/reading.js";
import { writeAtomically } from "../source/files.js";
import { projectRoot } from "../source/index.js";
import { load, savePacked } from "../weights/index.js";
import { parsedFile } from "./jsonFile.js";
import { keptModel, modelFolder } from "./models.js";
import type { RunRecord } from "./record.js";
import { type ArmResult, endedWell, type StudyResult } from "./results.js";
import { prepareData } from "./runData.js";
import { type RunSpec, specHash } from "./spec.js";

/** What packing made of a trained model. */
export type PackedCard = {
  /** Of the run, whose specification has this hash. */
  readonly seed: number;
  readonly spec: string;
  /** Bits of a ternary weight, and how the embedding is stored. */
  readonly bits: 1.6;
  readonly embedding: "int8";
  /** Of the folder. */
  readonly bytes: number;
  /** Of the run's held-out documents: what its record says, and what the packed model reaches. */
  readonly trainedBitsPerByte: number;
  readonly packedBitsPerByte: number;
};

/** A trained model that is part of the project. */
export type PackedModel = {
  readonly study: string;
  readonly arm: string;
  readonly folder: string;
  readonly card: PackedCard;
};

const cardFile = "packed.json";

const cardReader = fields<PackedCard>({
  seed: whole(0),
  spec: name,
  bits: oneOf(1.6),
  embedding: oneOf("int8"),
  bytes: whole(),
  trainedBitsPerByte: positive,
  packedBitsPerByte: between(0, 1e6),
});

/** Where packed models stand: `results/models/<study>/<arm>`. */
export function packedFolder(): string {
  return join(projectRoot(), "results", "models");
}

/**
 * The packed models there are, in the order of their names; none in a project without such models.
 *
 * @throws UserError when a card cannot be read
 */
export function packedModels(root: string = packedFolder()): readonly PackedModel[] {
  if (!existsSync(root)) return [];
  return readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name === cardFile)
    .map(({ parentPath }) => ({ folder: parentPath, names: relative(root, parentPath).split(sep) }))
    .filter(({ names }) => names.length === 2)
    .map(({ folder, names: [study, arm] }) => ({ study, arm, folder, card: readCard(join(folder, cardFile)) }))
    .sort((a, b) => (a.folder < b.folder ? -1 : 1));
}

function readCard(path: string): PackedCard {
  const json = parsedFile(path, "kintsugi pack makes it anew");
  return cardReader(json, { field: "", where: path });
}

/** Where trained models are, and where packed ones go; the project's own by default. */
export type PackingPlaces = { readonly models?: string; readonly root?: string };

/**
 * Packs the arms of the lowest and the highest bits per byte of a study, as the first of their seeds that ended well left
 * them: ternary matrices in 1.6 bits a weight, embedding and head in 8 bits with a scale a row. What packing costs is measured on the run's
 * own held-out documents and stands in the card beside the model. Models of other arms go.
 *
 * @throws UserError when no ternary arm is finished, or a run's model was not kept
 */
export async function packExtremes(
  result: StudyResult,
  { models, root = packedFolder() }: PackingPlaces = {},
): Promise<readonly PackedModel[]> {
  const kept = extremes(result).map((arm) => ({ arm, run: firstRun(arm, models) }));
  const study = result.study.name;
  for (const { arm } of packedModels(root).filter((model) => model.study === study)) {
    if (!kept.some((one) => one.arm.arm === arm)) await rm(join(root, study, arm), { recursive: true });
  }
  const packed: PackedModel[] = [];
  for (const { arm, run } of kept) {
    const folder = join(root, study, arm.arm);
    packed.push({ study, arm: arm.arm, folder, card: await packRun(run, folder) });
  }
  return packed;
}

/** The best and the worst of the arms that can be packed. */
function extremes({ study, arms }: StudyResult): readonly ArmResult[] {
  const order = arms
    .filter(({ arm, bitsPerByte }) => bitsPerByte.mean !== undefined && isTernary(study.arms[arm].spec))
    .sort((a, b) => a.bitsPerByte.mean! - b.bitsPerByte.mean!);
  if (order.length > 0) return [...new Set([order[0], order[order.length - 1]])];
  throw new UserError(`the study ${study.name} has no finished arm with ternary weights`, {
    fix: `npm run study -- ${study.name} carries it out`,
  });
}

function isTernary({ model }: RunSpec): boolean {
  return model.linear.kind === "ternary";
}

/** A finished run, and where its trained model was kept. */
type KeptRun = { readonly record: RunRecord; readonly spec: RunSpec; readonly trained: string };

function firstRun({ arm, records }: ArmResult, models: string | undefined): KeptRun {
  const record = records.filter(endedWell).reduce((first, one) => (one.header.seed < first.header.seed ? one : first));
  const { header } = record;
  // A record of a study was found by its specification's hash: it is one of a run.
  const spec = header.spec as RunSpec;
  const run = { study: header.study, arm: header.arm, seed: header.seed, spec };
  const trained = keptModel(run, models);
  if (trained !== undefined) return { record, spec, trained };
  throw new UserError(`the trained model of ${arm}, seed ${header.seed} was not kept`, {
    where: modelFolder(run, models),
    expected: "the model of a run that `kintsugi study` carried out on this machine",
    fix: "Delete its record and carry out the study again",
  });
}

async function packRun({ record: { header, footer }, spec, trained }: KeptRun, folder: string): Promise<PackedCard> {
  const source = await load(trained, { tokenizer: false });
  await savePacked(source.model, folder, { like: source, bits: 1.6, embedding: "int8", overwrite: true }).finally(() =>
    free(source.model.params),
  );
  const card: PackedCard = {
    seed: header.seed,
    spec: specHash(spec),
    bits: 1.6,
    embedding: "int8",
    bytes: readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0),
    trainedBitsPerByte: footer!.bitsPerByte!,
    packedBitsPerByte: await heldOutBitsPerByte(folder, spec),
  };
  await writeAtomically(join(folder, cardFile), (handle) => handle.writeFile(`${JSON.stringify(card, null, 2)}\n`));
  return card;
}

async function heldOutBitsPerByte(folder: string, spec: RunSpec): Promise<number> {
  const packed = await load(folder);
  const { model } = packed;
  const { validation, boundary } = await prepareData(spec, packed);
  const { bitsPerByte } = scope(() => documentScorer(model.config, { boundary })(model.params, validation));
  free(model.params);
  return bitsPerByte;
}
