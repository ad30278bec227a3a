export { EvalArchive, type EvalQuery } from "./benchmarks/archive.js";
export {
  type Benchmark,
  type BenchmarkTask,
  checkBenchmark,
  type ModelSource,
  type PublishedRow,
  type Role,
  recordedName,
  type Subject,
} from "./benchmarks/benchmark.js";
export { accuracyBars, benchmarkFigures, differencePlot } from "./benchmarks/charts.js";
export { type ConductBenchmarkOptions, conductBenchmark } from "./benchmarks/conduct.js";
export { type DerivedBenchmarks, deriveBenchmarks } from "./benchmarks/derive.js";
export { benchmarkCsv, benchmarkPage, differencesOf, differenceTable, scoreTable } from "./benchmarks/page.js";
export {
  type BenchmarkResult,
  benchmarkResult,
  type Score,
  type SubjectResult,
  type WeightsOf,
} from "./benchmarks/results.js";
export { type Comparison, compare, incomparable } from "./compare/compare.js";
export { readScores, type ScoredDocument, type Scores, scoresOf } from "./compare/scores.js";
export { type ComparedNames, comparisonTable } from "./compare/table.js";
export { type DataOptions, openDataset } from "./data/dataset.js";
export {
  evaluateTask,
  type MetricResult,
  questions,
  type Sample,
  type TaskOptions,
  type TaskResult,
} from "./evaluate.js";
export {
  type HarnessOptions,
  type HarnessRun,
  type ModelArguments,
  modelArguments,
  runHarness,
} from "./harness/run.js";
export { type HarnessSample, readSamples } from "./harness/samples.js";
export { type SelfTestOptions, selfTest } from "./harness/selfTest.js";
export {
  type EvalDocuments,
  type EvalFooter,
  type EvalHeader,
  type EvalRecord,
  type EvalSpec,
  evalRecordPath,
  evaluationsFolder,
  readEvalRecord,
  recordEvaluation,
  type TaskSpec,
  taskSpec,
} from "./record.js";
export { buildItems, type GenerationOptions, type Item, type Request } from "./requests/requests.js";
export { type WrittenResults, writeResults } from "./results/files.js";
export type { GroupMetric, GroupResult } from "./results/groups.js";
export { table } from "./results/table.js";
export {
  aboutOf,
  type EvalOptions,
  type EvalProgress,
  type Evaluation,
  evaluate,
  type ModelAbout,
  type RunOptions,
  run,
} from "./run.js";
export { type LanguageModel, type LanguageModelOptions, languageModel, type Pair } from "./scoring/languageModel.js";
export { Beginnings } from "./scoring/memory.js";
export { type ScoreOptions, type Scorer, type ScorerOptions, scorer } from "./scoring/scorer.js";
export type { TokenScores } from "./scoring/tokenScores.js";
export { type App, app, type ServeOptions } from "./serve/app.js";
export { checkListening, type ListenOptions, type Serving, serve } from "./serve/serve.js";
export {
  type CatalogueOptions,
  type Group,
  type Selection,
  selectTasks,
  taskNames,
} from "./tasks/catalogue.js";
export type { Answer, Doc, LogLikelihood, MetricValue, OutputType, Splits, TaskConfig } from "./tasks/config.js";
export type { NamedFunctions } from "./tasks/functions.js";
