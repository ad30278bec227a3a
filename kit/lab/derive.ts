/** Everything that is derived from records, and the files it stands in. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../errors.js";
import { complete, renderPng, renderSvg } from "../figure/index.js";
import type { Archive } from "./archive.js";
import type { BenchRecord } from "./benchRecord.js";
import { studyFigures } from "./charts.js";
import { type Claim, Evidence } from "./claims.js";
import type { PackedModel } from "./packed.js";
import {
  type Answers,
  claimsPage,
  type FigureSection,
  figureSection,
  figuresPage,
  headlines,
  studyPage,
} from "./page.js";
import type { Observations } from "./plannedMeasurements.js";
import { hasPositions } from "./position.js";
import { type StudyResult, studyResult } from "./results.js";
import type { Study } from "./study.js";
import { armCsv, positionCsv } from "./table.js";

/** Where the headline table stands in the README. */
export const tableMarks = { begin: "<!-- tables -->", end: "<!-- /tables -->" } as const;

/** What is derived, and from what. */
export type Derivation = {
  readonly studies: readonly Study[];
  readonly archive: Archive;
  readonly answers?: Answers;
  readonly claims?: readonly Claim[];
  /** Records of measurements, for claims. */
  readonly observed?: Observations;
  /** What benches measured, for claims. */
  readonly benches?: readonly BenchRecord[];
  /** Trained models that are part of the project. */
  readonly packed?: readonly PackedModel[];
  /** What others add to the page of figures. */
  readonly sections?: readonly FigureSection[];
};

type Content = string | Uint8Array;

/** Contents by path, which begins at the project's root; nothing for a file that must not be there. */
export type DerivedFiles = ReadonlyMap<string, Content | undefined>;

/**
 * Derives every table, figure and claim, and the block of the README. Equal records give equal bytes: no times, no order in
 * which files were found, no fonts of the system.
 *
 * @param readme the README as it is
 * @throws UserError when it has no place for the table
 */
export function derive(derivation: Derivation, readme: string): DerivedFiles {
  return new Map([...deriveText(derivation, readme), ...deriveFigures(derivation)]);
}

/** What {@link derive} gives, without the figures. */
export function deriveText(
  { studies, archive, answers = {}, claims = [], observed, benches, packed = [], sections = [] }: Derivation,
  readme: string,
): DerivedFiles {
  const results = studies.map((study) => studyResult(study, archive));
  return new Map<string, Content | undefined>([
    ...results.flatMap((result) => studyText(result, answers, packed)),
    ["results/README.md", figuresPage([...results.map((result) => figureSection(result, answers)), ...sections])],
    ["results/claims.md", claimsPage(claims, new Evidence(results, observed, benches))],
    ["README.md", withTable(readme, headlines(results, answers))],
  ]);
}

/** The figures alone, each as SVG and as PNG. */
export function deriveFigures({ studies, archive }: Derivation): DerivedFiles {
  const figures = studies.flatMap((study) => studyFigures(studyResult(study, archive)));
  return new Map(
    figures.flatMap(({ name, spec }): [string, Content | undefined][] => {
      const figure = spec && complete(spec);
      return [
        [`results/figures/${name}.svg`, figure && renderSvg(figure)],
        [`results/figures/${name}.png`, figure && renderPng(figure)],
      ];
    }),
  );
}

function studyText(
  result: StudyResult,
  answers: Answers,
  packed: readonly PackedModel[],
): readonly [string, Content | undefined][] {
  const { name } = result.study;
  const table = `results/tables/${name}`;
  const own = packed.filter(({ study }) => study === name);
  return [
    [`${table}.md`, studyPage(result, answers, own)],
    [`${table}.csv`, armCsv(result)],
    [`${table}-by-position.csv`, hasPositions(result) ? positionCsv(result) : undefined],
  ];
}

/** The text with another table between its marks. */
function withTable(text: string, table: string): string {
  const [begin, end] = [text.indexOf(tableMarks.begin), text.indexOf(tableMarks.end)];
  if (begin < 0 || end < begin) {
    throw new UserError("the README has no place for the table", { expected: Object.values(tableMarks).join(" … ") });
  }
  return `${text.slice(0, begin + tableMarks.begin.length)}\n\n${table}\n\n${text.slice(end)}`;
}

/** Paths of the files that are not what is derived, not there, or there for no reason. */
export function differing(files: DerivedFiles, root: string): readonly string[] {
  return [...files].filter(([path, content]) => !isThere(join(root, path), content)).map(([path]) => path);
}

function isThere(path: string, content: Content | undefined): boolean {
  if (content === undefined || !existsSync(path)) return (content === undefined) === !existsSync(path);
  return readFileSync(path).equals(Buffer.from(content));
}

/** Writes or removes the files that differ, each at once, and names them. */
export function writeDerived(files: DerivedFiles, root: string): readonly string[] {
  const changed = differing(files, root);
  for (const path of changed) {
    const [target, content] = [join(root, path), files.get(path)];
    if (content === undefined) {
      rmSync(target);
      continue;
    }
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(`${target}.tmp`, content);
    renameSync(`${target}.tmp`, target);
  }
  return changed;
}
