/** A benchmark's tables as pure functions of its results. */
import { aboveZero, csvGrid, decimals, type GridColumn, markdownGrid, missing, plain, signed } from "../../lab/grid.js";
import { formatNumber } from "../../numbers.js";
import type { Comparison } from "../compare/compare.js";
import { arrowOf, probability, verdict } from "../compare/table.js";
import { marked } from "../results/leaks.js";
import type { BenchmarkTask, Subject } from "./benchmark.js";
import { benchmarkFigures } from "./charts.js";
import type { BenchmarkResult, Score, SubjectResult } from "./results.js";

/** A line of the table of scores: a model, or what others have published. */
type ScoreRow = {
  readonly label: string;
  readonly role: string;
  readonly parameters?: number;
  readonly cells: readonly string[];
};

/** Models by tasks: scores with their standard errors. */
export function scoreTable({ benchmark: { tasks, published }, subjects }: BenchmarkResult): string {
  const own = subjects.map(({ subject, parameters, leaks, scores }): ScoreRow => {
    const label = marked(subject.label, leaks);
    return { label, role: subject.role, parameters, cells: scores.map(scoreText) };
  });
  const others = (published?.rows ?? []).map(({ label, scores }): ScoreRow => {
    return { label, role: "published", cells: tasks.map(({ task }) => decimals(scores[task], 4)) };
  });
  const columns: readonly GridColumn<ScoreRow>[] = [
    { title: "model", cell: ({ label }) => label },
    { title: "what", cell: ({ role }) => role },
    {
      title: "parameters",
      right: true,
      cell: ({ parameters }) => (parameters === undefined ? missing : formatNumber(parameters)),
    },
    ...tasks.map((task, i): GridColumn<ScoreRow> => {
      return { title: titleOf(task, subjects, i), right: true, cell: ({ cells }) => cells[i] };
    }),
  ];
  return markdownGrid(columns, [...own, ...others]);
}

function scoreText(score: Score | undefined): string {
  if (score?.stderr === undefined) return decimals(score?.value, 4);
  return `${decimals(score.value, 4)} ± ${decimals(score.stderr, 4)}`;
}

/** `arc_easy acc_norm ↑, n = 300`. */
function titleOf({ task, metric }: BenchmarkTask, subjects: readonly SubjectResult[], at: number): string {
  const known = subjects.flatMap(({ scores }) => scores[at] ?? []);
  const counts = [...new Set(known.map(({ n }) => n))];
  return `${task} ${metric}${arrowOf(known[0]?.higherIsBetter)}${counts.length === 0 ? "" : `, n = ${counts.join(" or ")}`}`;
}

/** A model on a task, beside the first model on the same documents. */
export type Difference = { readonly subject: Subject; readonly comparison: Comparison };

/** All differences to the first model that records can tell, by task and model. */
export function differencesOf({ benchmark, subjects }: BenchmarkResult): readonly Difference[] {
  return benchmark.tasks.flatMap((_, i) =>
    subjects.flatMap(({ subject, comparisons }) => {
      const comparison = comparisons[i];
      return comparison === undefined ? [] : [{ subject, comparison }];
    }),
  );
}

/** A line for each task and model: its difference to the first, paired by documents, and whether that is noise. */
export function differenceTable(result: BenchmarkResult): string {
  const right = true;
  const base = result.subjects[0].subject.label;
  const columns: readonly GridColumn<Difference>[] = [
    { title: "task", cell: ({ comparison: { task, metric } }) => `${task} ${metric}` },
    { title: "model", cell: ({ subject, comparison }) => marked(subject.label, comparison.leaks.b) },
    { title: "n", right, cell: ({ comparison }) => String(comparison.n) },
    { title: "difference", right, cell: ({ comparison }) => signed(comparison.difference, 4) },
    { title: "95 % interval", right, cell: ({ comparison }) => intervalText(comparison) },
    { title: "detectable", right, cell: ({ comparison }) => aboveZero(comparison.detectable, 4) },
    { title: "p, Holm", right, cell: ({ comparison }) => probability(comparison.adjustedP) },
    {
      title: "",
      cell: ({ subject, comparison }) =>
        [
          verdict(comparison, { a: base, b: subject.label }),
          ...(comparison.samePrompts ? [] : ["prompts differ"]),
        ].join(", "),
    },
  ];
  return markdownGrid(columns, differencesOf(result));
}

function intervalText({ interval }: Comparison): string {
  return interval === undefined ? missing : `[${signed(interval.low, 4)}, ${signed(interval.high, 4)}]`;
}

/** The same for programs: a line for each model and task, numbers in full. */
export function benchmarkCsv({ benchmark, subjects }: BenchmarkResult): string {
  const rows = subjects.flatMap(({ subject, leaks, scores, comparisons }) =>
    benchmark.tasks.map((task, i) => ({
      label: marked(subject.label, leaks),
      subject,
      task,
      score: scores[i],
      comparison: comparisons[i],
    })),
  );
  const columns: readonly GridColumn<(typeof rows)[number]>[] = [
    { title: "model", cell: ({ label }) => label },
    { title: "what", cell: ({ subject }) => subject.role },
    { title: "task", cell: ({ task }) => task.task },
    { title: "metric", cell: ({ task }) => task.metric },
    { title: "n", cell: ({ score }) => plain(score?.n) },
    { title: "value", cell: ({ score }) => plain(score?.value) },
    { title: "stderr", cell: ({ score }) => plain(score?.stderr) },
    { title: "difference", cell: ({ comparison }) => plain(comparison?.difference) },
    { title: "interval_low", cell: ({ comparison }) => plain(comparison?.interval?.low) },
    { title: "interval_high", cell: ({ comparison }) => plain(comparison?.interval?.high) },
    { title: "detectable", cell: ({ comparison }) => plain(comparison?.detectable) },
    { title: "p", cell: ({ comparison }) => plain(comparison?.p) },
    { title: "p_holm", cell: ({ comparison }) => plain(comparison?.adjustedP) },
  ];
  return csvGrid(columns, rows);
}

/** A benchmark's page. */
export function benchmarkPage(result: BenchmarkResult): string {
  const { benchmark, subjects, notes } = result;
  const legend = [
    "Scores ± standard errors, as lm-evaluation-harness computes both; n documents, without examples. A dash: no record yet.",
    ...notes.map((note) => `${note}.`),
    ...(benchmark.published === undefined ? [] : [`Rows called published: ${benchmark.published.source}.`]),
  ].join("\n");
  const paired = [
    `Differences are model − ${marked(subjects[0].subject.label, subjects[0].leaks)}, paired by documents, with Student's interval of their mean.`,
    "Detectable: the smallest true difference that so many documents show with probability 0.8. p: McNemar's exact test of what",
    "is right or wrong, else the paired t test; corrected by Holm for all tasks of a model.",
  ].join("\n");
  const figures = benchmarkFigures(result).flatMap(({ name, caption, spec }) =>
    spec === undefined ? [] : [`![${caption}](../figures/${name}.svg)`],
  );
  const differences = differencesOf(result).length === 0 ? [] : ["## Differences", differenceTable(result), paired];
  const paragraphs = [
    `# ${benchmark.title}`,
    benchmark.question,
    scoreTable(result),
    legend,
    ...figures,
    ...differences,
  ];
  return `${paragraphs.join("\n\n")}\n`;
}
