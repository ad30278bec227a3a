/** Everything that is derived from records of evaluations, and the files it stands in. */
import { complete, renderPng, renderSvg } from "../../figure/index.js";
import type { DerivedFiles } from "../../lab/derive.js";
import type { FigureSection } from "../../lab/page.js";
import type { EvalArchive } from "./archive.js";
import type { Benchmark } from "./benchmark.js";
import { benchmarkFigures } from "./charts.js";
import { benchmarkCsv, benchmarkPage } from "./page.js";
import { type BenchmarkResult, benchmarkResult, type WeightsOf } from "./results.js";

/** Files by path, and what benchmarks add to the page of figures. */
export type DerivedBenchmarks = { readonly files: DerivedFiles; readonly sections: readonly FigureSection[] };

/** Tables and figures of benchmarks, as `lab.derive` gives those of studies. */
export async function deriveBenchmarks(
  benchmarks: readonly Benchmark[],
  archive: EvalArchive,
  weightsOf?: WeightsOf,
): Promise<DerivedBenchmarks> {
  const results = await Promise.all(benchmarks.map((benchmark) => benchmarkResult(benchmark, archive, weightsOf)));
  return {
    files: new Map(results.flatMap((result) => [...benchmarkText(result), ...figureFiles(result)])),
    sections: results.map((result) => {
      const { name, title, question } = result.benchmark;
      return { name, title, text: question, figures: benchmarkFigures(result) };
    }),
  };
}

/** The tables alone. */
export function benchmarkText(result: BenchmarkResult): DerivedFiles {
  const table = `results/tables/${result.benchmark.name}`;
  return new Map([
    [`${table}.md`, benchmarkPage(result)],
    [`${table}.csv`, benchmarkCsv(result)],
  ]);
}

function figureFiles(result: BenchmarkResult): DerivedFiles {
  return new Map(
    benchmarkFigures(result).flatMap(({ name, spec }): [string, string | Uint8Array | undefined][] => {
      const figure = spec && complete(spec);
      return [
        [`results/figures/${name}.svg`, figure && renderSvg(figure)],
        [`results/figures/${name}.png`, figure && renderPng(figure)],
      ];
    }),
  );
}
