/** Which models are evaluated on which tasks: data, from which what is missing is carried out and every table is derived. */
import { UserError } from "../../errors.js";

/** Where a model comes from. */
export type ModelSource =
  /** One that `weights.load` knows. */
  | { readonly kind: "named"; readonly name: string }
  /** A run of a study before its first step: a base converted or merged; `start` is the hash of what its specification says of it. */
  | {
      readonly kind: "converted";
      readonly study: string;
      readonly arm: string;
      readonly seed: number;
      readonly start: string;
    }
  /** What the run made of it, as it was kept. */
  | { readonly kind: "trained"; readonly study: string; readonly arm: string; readonly seed: number }
  /** A trained model that is part of the project, with the hash of its run's specification. */
  | {
      readonly kind: "packed";
      readonly study: string;
      readonly arm: string;
      readonly seed: number;
      readonly spec: string;
    };

/** What was done to a model. */
export type Role = "base" | "converted" | "healed" | "merged" | "trained";

/** A model that is evaluated. */
export type Subject = { readonly label: string; readonly role: Role; readonly source: ModelSource };

/** A task or a group, and what of it is shown. */
export type BenchmarkTask = {
  readonly task: string;
  readonly metric: string;
  /** Only so many documents, of each task of a group; all of them without it. */
  readonly limit?: number;
  /** What guessing would score, where that is known. */
  readonly chance?: number;
};

/** Numbers of others, by task: in the tasks' own units, without standard errors. */
export type PublishedRow = { readonly label: string; readonly scores: { readonly [task: string]: number } };

/** Models on tasks. Plain JSON. */
export type Benchmark = {
  /** Names its tables and figures. */
  readonly name: string;
  readonly title: string;
  readonly question: string;
  /** The others are compared with the first. */
  readonly subjects: readonly Subject[];
  readonly tasks: readonly BenchmarkTask[];
  readonly published?: { readonly rows: readonly PublishedRow[]; readonly source: string };
};

/** What a model is called in records; one that is made otherwise than before has another name. */
export function recordedName(source: ModelSource): string {
  switch (source.kind) {
    case "named":
      return source.name;
    case "converted":
      return `${source.study}/${source.arm}/converted-${source.seed}.${source.start}`;
    case "trained":
      return `${source.study}/${source.arm}/trained-${source.seed}`;
    case "packed":
      return `${source.study}/${source.arm}/packed-${source.seed}.${source.spec}`;
  }
}

/** @throws UserError when a benchmark contradicts itself */
export function checkBenchmark(benchmark: Benchmark): Benchmark {
  const { name, subjects, tasks } = benchmark;
  const where = `benchmark ${name}`;
  for (const [what, all] of [
    ["model", subjects.map(({ source }) => recordedName(source))],
    ["task", tasks.map(({ task }) => task)],
  ] as const) {
    if (all.length === 0) throw new UserError(`there is no ${what}`, { where });
    const twice = all.find((each, i) => all.indexOf(each) < i);
    if (twice !== undefined) throw new UserError(`the ${what} ${twice} stands there twice`, { where });
  }
  return benchmark;
}
