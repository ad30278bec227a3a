/** Studies: arms that differ in what is asked, and the runs they call for. */
import { UserError } from "../errors.js";
import { fields, lawful, list, name, named, optional, positive, type Reader, text, whole } from "../model/reading.js";
import { specReader } from "./readRun.js";
import { type Run, type RunSpec, specHash, withBudget, withLearningRate } from "./spec.js";

/** One side of a comparison. */
export type Arm = {
  readonly spec: RunSpec;
  /** How it is called in tables; default its name. */
  readonly label?: string;
  /** Default: the study's. */
  readonly seeds?: readonly number[];
};

/** Short runs that choose the learning rate of each arm: the one of the lowest validation loss. */
export type Pilot = {
  readonly learningRates: readonly number[];
  /** Budget of each. */
  readonly tokens: number;
  readonly seed: number;
};

/** A question, and the runs that answer it. Plain JSON, so that it is part of what is recorded. */
export type Study = {
  /** Names its folder of records, its tables and figures. */
  readonly name: string;
  readonly title: string;
  readonly question: string;
  readonly arms: Readonly<Record<string, Arm>>;
  /** The arm others are compared with. */
  readonly baseline: string;
  readonly seeds: readonly number[];
  /** Absent: the learning rates of the specifications are used as they are. */
  readonly pilot?: Pilot;
};

const seeds: Reader<readonly number[]> = list(whole(0));

const studyReader: Reader<Study> = lawful(
  fields<Study>({
    name,
    title: text,
    question: text,
    arms: named(fields<Arm>({ spec: specReader, label: optional(text), seeds: optional(seeds) })),
    baseline: name,
    seeds,
    pilot: optional(
      lawful(fields<Pilot>({ learningRates: list(positive), tokens: whole(), seed: whole(0) }), {
        field: "learningRates",
        expected: "at least one",
        holds: ({ learningRates }) => learningRates.length > 0,
      }),
    ),
  }),
  {
    field: "baseline",
    expected: "one of the arms",
    holds: ({ arms, baseline }) => Object.hasOwn(arms, baseline),
  },
);

/** @throws UserError when a study has a field that is wrong or unknown, or contradicts itself */
export function checkStudy(study: Study): Study {
  const where = `study ${study.name}`;
  const { arms, seeds: common, pilot } = studyReader(study, { field: "", where });
  const seen = new Map<string, string>();
  for (const [name, { spec, seeds = common }] of Object.entries(arms)) {
    // A pilot puts a rate of its own in place of an arm's.
    const hash = specHash(pilot === undefined ? spec : withLearningRate(spec, 0));
    const twin = seen.get(hash);
    if (twin !== undefined) {
      throw new UserError(`the arms ${twin} and ${name} are the same`, {
        where,
        expected: pilot === undefined ? "arms that differ" : "arms that differ in more than the rate a pilot chooses",
      });
    }
    seen.set(hash, name);
    if (seeds.length === 0) throw new UserError(`the arm ${name} has no seeds`, { where });
  }
  return study;
}

/**
 * The same study with another budget of each run: other specifications, with records of their own.
 *
 * @param tokens of each run
 */
export function withStudyBudget(study: Study, tokens: number): Study {
  const arms = Object.entries(study.arms).map(([name, arm]) => [name, { ...arm, spec: withBudget(arm.spec, tokens) }]);
  return { ...study, arms: Object.fromEntries(arms) };
}

/** Whether a run only chooses a learning rate. */
export function isPilot({ arm }: Run): boolean {
  return arm.includes(pilotMark);
}

const pilotMark = ".pilot-";

/** The arm's short runs, one for each learning rate, validated at their ends; none when the study has no pilot. */
export function pilotRuns(study: Study, arm: string): readonly Run[] {
  const { pilot } = study;
  if (pilot === undefined) return [];
  const { training, ...short } = withBudget(armOf(study, arm).spec, pilot.tokens);
  const { validateEvery: _, ...validatedOnce } = training;
  return pilot.learningRates.map((rate) => ({
    study: study.name,
    arm: `${arm}${pilotMark}${rate}`,
    seed: pilot.seed,
    spec: withLearningRate({ ...short, training: validatedOnce }, rate),
  }));
}

/** The arm's runs, one for each seed, at the learning rate the pilot chose. */
export function armRuns(study: Study, arm: string, learningRate?: number): readonly Run[] {
  const { spec, seeds = study.seeds } = armOf(study, arm);
  const resolved = learningRate === undefined ? spec : withLearningRate(spec, learningRate);
  return seeds.map((seed) => ({ study: study.name, arm, seed, spec: resolved }));
}

function armOf(study: Study, arm: string): Arm {
  if (Object.hasOwn(study.arms, arm)) return study.arms[arm];
  throw new UserError(`the study ${study.name} has no arm "${arm}"`, { expected: Object.keys(study.arms).join(", ") });
}
