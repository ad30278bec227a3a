/** Records while they are written: under their own name with `.part`, until the run ends. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { UserError } from "../errors.js";
import { fileError } from "../source/files.js";
import type { StepRecord } from "../train/index.js";
import { fieldDifferences } from "./differences.js";
import {
  circumstances,
  isHeader,
  type Line,
  type RecordFooter,
  type RecordHeader,
  recordPath,
  type ValidationLine,
  wholeLines,
} from "./record.js";

/** The checkpoint a run goes on from, as its record sees it. */
export type Checkpointed = {
  readonly file: string;
  readonly step: number;
  /** Lines of the record when it was written; checkpoints of old did not count them. */
  readonly lines?: number;
};

/** Writes a record line by line. A disk that refuses is a {@link UserError}. */
export class RecordWriter {
  private constructor(
    readonly path: string,
    private readonly partial: string,
    private lines: number,
  ) {}

  /**
   * Begins a record.
   *
   * @throws UserError when it exists: a run is written once
   */
  static begin(header: RecordHeader, path: string = recordPath(header)): RecordWriter {
    if (existsSync(path)) {
      throw new UserError("the record of this run exists", { where: path, fix: "Delete it to run again" });
    }
    const partial = `${path}.part`;
    onDisk(partial, () => mkdirSync(dirname(path), { recursive: true }));
    write(partial, "w", line({ header: { ...header, ...circumstances() } }));
    return new RecordWriter(path, partial, 1);
  }

  /**
   * Goes on with a record that was interrupted, from a checkpoint on: lines of later steps are dropped, for the run takes
   * those steps again.
   *
   * @param say Told of a line that was cut.
   * @throws UserError when lines of earlier steps are missing, or the run now reads something else than when it began
   */
  static resume(
    header: RecordHeader,
    from: Checkpointed,
    path: string = recordPath(header),
    say: (message: string) => void = () => undefined,
  ): RecordWriter {
    const partial = `${path}.part`;
    const { values, cut } = wholeLines(existsSync(partial) ? readFileSync(partial, "utf8") : "");
    if (cut !== undefined) say(`${partial}: line ${cut} is not whole; the ${cut - 1} before it are used`);
    const kept = values.filter((value) => (stepOf(value) ?? 0) <= from.step);
    const anew = `Remove ${dirname(from.file)} to begin anew`;
    const [first] = kept;
    if (!isHeader(first) || kept.length < (from.lines ?? 1)) {
      throw new UserError(`the run's record lacks steps before its checkpoint of step ${from.step}`, {
        where: partial,
        expected: `${from.lines ?? "some"} lines, of which ${kept.length} are there`,
        fix: anew,
      });
    }
    const changed = fieldDifferences(inputsOf(header, first.header), inputsOf(first.header, first.header));
    if (changed.length > 0) {
      throw new UserError(`the run has something else than when it began: ${changed.join("; ")}`, {
        where: partial,
        fix: `Bring back what it had, to go on. ${anew}`,
      });
    }
    const fresh = `${partial}.tmp`;
    write(fresh, "w", kept.map(line).join(""));
    onDisk(partial, () => renameSync(fresh, partial));
    return new RecordWriter(path, partial, kept.length);
  }

  append(value: StepRecord | ValidationLine): void {
    write(this.partial, "a", line(value));
    this.lines++;
  }

  /**
   * Brings what was written to the disk: a checkpoint has to find it there, whatever happens.
   *
   * @returns how many lines there are
   */
  sync(): number {
    write(this.partial, "a", "", { sync: true });
    return this.lines;
  }

  /** Writes the last line; the record takes its final name. */
  close(footer: RecordFooter): void {
    write(this.partial, "a", line({ footer }), { sync: true });
    onDisk(this.path, () => renameSync(this.partial, this.path));
  }
}

/** What decides a run's numbers besides its specification, as far as an earlier header tells: those of old did not name the weights. */
function inputsOf(header: RecordHeader, earlier: RecordHeader): unknown {
  const { dataset, source, base, backend, tensorflow } = header;
  const { name, sha256 } = dataset;
  const weights = earlier.source === undefined ? {} : { source, base };
  return { dataset: { name, sha256 }, ...weights, backend, tensorflow };
}

function stepOf(value: Line): number | undefined {
  if ("step" in value) return value.step as number;
  return "validation" in value ? (value as ValidationLine).validation.step : undefined;
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

function write(path: string, mode: "w" | "a", text: string, { sync = mode === "w" } = {}): void {
  onDisk(path, () => {
    const file = openSync(path, mode);
    try {
      writeFileSync(file, text);
      if (sync) fsyncSync(file);
    } finally {
      closeSync(file);
    }
  });
}

function onDisk(path: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw fileError(error, "write", path);
  }
}
