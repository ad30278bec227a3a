/** Claims: sentences somebody wrote, and what the records say to them. */
import { UserError } from "../errors.js";
import type { BenchRecord } from "./benchRecord.js";
import { markdownGrid, missing } from "./grid.js";
import { type Observed, observed } from "./observed.js";
import type { Observations } from "./plannedMeasurements.js";
import type { RunRecord } from "./record.js";
import { type Measured, measured, measuredOf, type StudyResult } from "./results.js";
import { type PairedComparison, pairedComparison } from "./statistics.js";

/** `budget not reached`: the claim is about more training than the runs had. */
export type Verdict = "supported" | "not supported" | "budget not reached" | "not testable here";

/** What the records say to a claim. */
export type Judgement = {
  /** The measured figure with its unit, such as `−0.030 [−0.046, −0.014] bits per byte, 5 seeds`. */
  readonly figure: string;
  readonly verdict: Verdict;
};

/** A sentence, and how it is judged. */
export type Claim = {
  /** As its author wrote it. */
  readonly sentence: string;
  readonly author: string;
  /** What is measured, and what would support the sentence. */
  readonly measure: string;
  /** A pure function of records; nothing while those it needs are missing. */
  readonly judge: (evidence: Evidence) => Judgement | undefined;
};

/** All results, by the name of their study and arm. */
export class Evidence {
  constructor(
    readonly results: readonly StudyResult[],
    private readonly observations: Observations = new Map(),
    private readonly benches: readonly BenchRecord[] = [],
  ) {}

  /** What a bench measured; nothing while it has not been recorded. */
  bench(name: string): BenchRecord | undefined {
    return this.benches.find(({ bench }) => bench === name);
  }

  /** @throws UserError when there is no such study */
  study(name: string): StudyResult {
    const names = this.results.map(({ study }) => study.name);
    return this.results[names.indexOf(name)] ?? absent(`there is no study "${name}"`, names);
  }

  /** @throws UserError when there is no such study or arm */
  arm(study: string, arm: string): StudyResult["arms"][number] {
    const { arms } = this.study(study);
    const names = arms.map((one) => one.arm);
    return arms[names.indexOf(arm)] ?? absent(`the study ${study} has no arm "${arm}"`, names);
  }

  /** A figure of an arm's trained models, by the name it has in their records. */
  measure(study: string, arm: string, name: string): Measured {
    return measured(this.arm(study, arm).records, ({ measures }) => measures?.[name]);
  }

  /** A figure of the records of an arm's runs that ended well. */
  figure(study: string, arm: string, of: (record: RunRecord) => number | undefined): Measured {
    return measuredOf(this.arm(study, arm).records, of);
  }

  /** A figure of a measurement; empty while it has not been taken. */
  observation(name: string, figure: string): Observed {
    return observed(this.observations.get(name) ?? [], figure);
  }

  /** Bits per byte of an arm against any other of its study, over the seeds both have. */
  compare(study: string, arm: string, other: string): PairedComparison | undefined {
    return pairedComparison(this.arm(study, arm).bitsPerByte.bySeed, this.arm(study, other).bitsPerByte.bySeed);
  }
}

function absent(what: string, names: readonly string[]): never {
  throw new UserError(what, { where: "claims", expected: names.join(", ") });
}

/** The claims as a table; one that cannot be judged yet is left open. */
export function claimsMarkdown(claims: readonly Claim[], evidence: Evidence): string {
  const rows = claims.map((claim) => ({ ...claim, judgement: claim.judge(evidence) }));
  return markdownGrid(
    [
      { title: "claim", cell: ({ sentence, author }) => `“${sentence}” (${author})` },
      { title: "measure", cell: ({ measure }) => measure },
      { title: "figure", cell: ({ judgement }) => judgement?.figure ?? missing },
      { title: "verdict", cell: ({ judgement }) => judgement?.verdict ?? missing },
    ],
    rows,
  );
}
