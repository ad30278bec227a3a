/** From positions in compiled code back to the lines somebody wrote. */
import { existsSync, readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { MAPS_MARK } from "./tslab.js";

/** A position in written source; line and column count from one. */
export type Place = { readonly file: string; readonly line: number; readonly column: number };

type Entry = {
  readonly stages: readonly SourceMap[];
  /** What the name of the source is, when the maps do not say it. */
  readonly file?: string;
  /** Characters that stand before the code on its first line. */
  readonly shift: number;
  /** Lines that stand before the source in its first stage. */
  readonly skipLines: number;
  /** Lines of the code; what comes after them was put there to run it. */
  readonly lines: number;
};

/** Source maps of cells, of files imported by cells, and of compiled files on disk. */
export class CodeMaps {
  readonly #kept = new Map<string, SourceMap[]>();
  readonly #entries = new Map<string, Entry | undefined>();
  readonly #sources = new Map<string, string>();

  /**
   * Keeps the maps of one compilation until its code is adopted.
   *
   * @param first source → modern JavaScript, JSON
   * @param second modern → CommonJS, JSON
   * @returns the name to mark the code with
   */
  keep(first: string, second: string): string {
    const name = String(this.#kept.size);
    this.#kept.set(name, [parse(second), parse(first)]);
    return name;
  }

  /**
   * Takes the mark off compiled code and remembers its maps under the name the engine will report.
   *
   * @param code compiled code, perhaps marked
   * @param name the script name in stack traces
   * @param written for a cell, its source, the characters before its first line and the lines before its source
   * @returns the code without its mark
   */
  adopt(code: string, name: string, written?: { source: string; shift: number; skipLines: number }): string {
    const at = code.lastIndexOf(MAPS_MARK);
    if (at < 0) return code;
    const stages = this.#kept.get(code.slice(at + MAPS_MARK.length).trim()) ?? [];
    const { shift = 0, skipLines = 0 } = written ?? {};
    const bare = code.slice(0, at);
    const lines = bare.split("\n").length;
    this.#entries.set(name, { stages, shift, skipLines, lines, ...(written === undefined ? {} : { file: name }) });
    if (written !== undefined) this.#sources.set(name, written.source);
    return bare;
  }

  /** The source text of a cell or file, if it can be read. */
  source(file: string): string | undefined {
    const known = this.#sources.get(file);
    if (known !== undefined) return known;
    try {
      return readFileSync(file, "utf8");
    } catch {
      return undefined;
    }
  }

  /**
   * Where a position of a stack frame was written.
   *
   * @param script script name, path or file URL as the stack has it
   * @param line counts from one
   * @param column counts from one
   * @returns the place in the source; the given place when there is no map; `undefined` outside of what was written
   */
  place(script: string, line: number, column: number): Place | undefined {
    const path = script.startsWith("file://") ? fileURLToPath(script) : script;
    const entry = this.#entry(path);
    if (entry === undefined) return { file: path, line, column };
    if (line > entry.lines) return undefined;
    let at = {
      line: line - 1,
      column: Math.max(0, column - 1 - (line === 1 ? entry.shift : 0)),
      file: entry.file ?? path,
    };
    for (const stage of entry.stages) {
      const found = stage.findEntry(at.line, at.column);
      if (!("originalLine" in found)) break;
      const file = entry.file ?? resolve(dirname(path), found.originalSource);
      at = { line: found.originalLine, column: found.originalColumn, file };
    }
    return { file: at.file, line: at.line + 1 - entry.skipLines, column: at.column + 1 };
  }

  #entry(path: string): Entry | undefined {
    if (!this.#entries.has(path)) {
      const beside = `${path}.map`;
      const found = path.startsWith("/") && existsSync(beside);
      const stages = found ? [parse(readFileSync(beside, "utf8"))] : [];
      this.#entries.set(path, found ? { stages, shift: 0, skipLines: 0, lines: Number.POSITIVE_INFINITY } : undefined);
    }
    return this.#entries.get(path);
  }
}

function parse(text: string): SourceMap {
  return new SourceMap(JSON.parse(text) as SourceMapPayload);
}
