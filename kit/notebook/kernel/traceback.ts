/** Errors as Jupyter shows them: name, value, and a traceback that points into cells. */
import { relative } from "node:path";
import { inspect } from "node:util";
import { Interrupted } from "./guard.js";
import type { CodeMaps, Place } from "./maps.js";
import type { Diagnostic } from "./tslab.js";

/** The content of an `error` message. */
export type ErrorContent = { readonly ename: string; readonly evalue: string; readonly traceback: readonly string[] };

const FRAME = /^\s+at (?:(.*) \()?((?:file:\/\/|\/|cell-\d+\.ts|node:)[^()]*?):(\d+):(\d+)\)?$/;
/** Frames of the machinery: everything from the first of these down is not the user's business. */
const MACHINERY = /\/tslab\/dist\/|\/notebook\/kernel\/|^node:vm$/;
const MAX_CAUSES = 4;
const MAX_DIAGNOSTICS = 8;
const red = (text: string): string => `\u001b[31m${text}\u001b[39m`;
const bold = (text: string): string => `\u001b[1m${text}\u001b[22m`;
const dim = (text: string): string => `\u001b[2m${text}\u001b[22m`;

/**
 * Describes anything a cell threw.
 *
 * @param thrown the thrown value; need not be an Error
 * @param maps the source maps of cells and files
 * @returns the error message's content, with an excerpt of the source around the innermost cell frame
 */
export function describeThrown(thrown: unknown, maps: CodeMaps): ErrorContent {
  const error = named(thrown);
  const { ename, evalue } = headline(error);
  const traceback = [`${red(bold(ename))}: ${evalue}`, ...trace(error, maps)];
  let cause: unknown = error instanceof Error ? error.cause : undefined;
  for (let depth = 0; cause !== undefined && depth < MAX_CAUSES; depth++) {
    const inner = headline(named(cause));
    traceback.push("", `caused by ${red(inner.ename)}: ${inner.evalue}`, ...trace(cause, maps));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return { ename, evalue, traceback };
}

/**
 * Describes why a cell did not compile.
 *
 * @param diagnostics what the compiler said, at least one
 * @param source the cell
 * @param count the cell's execution count
 * @returns the error message's content, named `TypeScriptError`
 */
export function describeDiagnostics(diagnostics: readonly Diagnostic[], source: string, count: number): ErrorContent {
  const text = (d: Diagnostic): string => `TS${d.code}: ${d.messageText}`;
  const groups: Diagnostic[][] = [];
  for (const d of diagnostics) {
    const last = groups.at(-1)?.[0];
    if (last !== undefined && last.start.offset === d.start.offset && last.fileName === d.fileName)
      groups.at(-1)!.push(d);
    else groups.push([d]);
  }
  const traceback = groups.slice(0, MAX_DIAGNOSTICS).flatMap((group) => {
    const { fileName, start } = group[0];
    const where = `${fileName ?? `cell ${count}`}:${start.line + 1}:${start.character + 1}`;
    const excerpt = fileName === undefined ? codeFrame(source, start.line + 1, start.character + 1) : [];
    const [first, ...more] = group.map(text);
    return [
      `${red(bold("TypeScriptError"))}: ${first}`,
      ...more.map((line) => `  ${line}`),
      dim(`  at ${where}`),
      ...excerpt,
    ];
  });
  if (groups.length > MAX_DIAGNOSTICS) traceback.push(dim(`… and ${groups.length - MAX_DIAGNOSTICS} more`));
  return { ename: "TypeScriptError", evalue: text(diagnostics[0]), traceback };
}

/** The same as plain lines for a stream, for errors that come when no cell can carry them. */
export function asText(content: ErrorContent): string {
  return `${content.traceback.join("\n")}\n`;
}

function named(thrown: unknown): unknown {
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  const fromTslab = thrown instanceof Error && thrown.message === "Interrupted asynchronously";
  return code === "ERR_SCRIPT_EXECUTION_INTERRUPTED" || fromTslab ? new Interrupted() : thrown;
}

function headline(error: unknown): { ename: string; evalue: string } {
  if (
    error instanceof Error ||
    (typeof error === "object" && error !== null && "message" in error && "name" in error)
  ) {
    return { ename: String(error.name || "Error"), evalue: String(error.message) };
  }
  return { ename: "Thrown", evalue: printed(error) };
}

function printed(value: unknown): string {
  try {
    return inspect(value, { depth: 2 });
  } catch (error) {
    return `a value that cannot be printed: ${error instanceof Error ? error.message : typeof error}`;
  }
}

function trace(error: unknown, maps: CodeMaps): string[] {
  const stack =
    error instanceof Error || (typeof error === "object" && error !== null && "stack" in error) ? error.stack : "";
  if (typeof stack !== "string" || error instanceof Interrupted) return [];
  const frames: { call: string; place: Place; cell: boolean }[] = [];
  for (const line of stack.split("\n")) {
    const match = FRAME.exec(line);
    if (match === null) continue;
    const [, call = "", script, row, column] = match;
    if (MACHINERY.test(script)) {
      if (frames.some(({ cell }) => cell)) break;
      continue;
    }
    if (script.startsWith("node:internal")) continue;
    const place = maps.place(script, Number(row), Number(column));
    if (place === undefined) continue;
    frames.push({ call: call.replace(/^(?:Proxy|Object)\./, ""), place, cell: place.file.startsWith("cell-") });
  }
  const onlyCells = error instanceof Error && error.name === "UserError";
  const shown = onlyCells ? frames.filter(({ cell }) => cell) : frames;
  const innermost = shown.find(({ cell }) => cell);
  const source = innermost === undefined ? undefined : maps.source(innermost.place.file);
  const lines = shown.map(({ call, place }) => {
    const file = place.file.startsWith("cell-") ? `cell ${place.file.slice(5, -3)}` : short(place.file);
    return dim(
      `  at ${call === "" || call === "async" ? `${call} `.trimStart() : `${call} `}(${file}:${place.line}:${place.column})`,
    );
  });
  if (source === undefined || innermost === undefined) return lines;
  return [...codeFrame(source, innermost.place.line, innermost.place.column), ...lines];
}

function short(path: string): string {
  const near = relative(process.cwd(), path);
  return near.length < path.length ? near : path;
}

/** Three lines of source with an arrow at the middle one and a caret below it. */
function codeFrame(source: string, line: number, column: number): string[] {
  const lines = source.split("\n");
  if (line < 1 || line > lines.length) return [];
  const width = String(Math.min(lines.length, line + 1)).length;
  const out: string[] = [];
  for (let n = Math.max(1, line - 1); n <= Math.min(lines.length, line + 1); n++) {
    const text = clip(lines[n - 1]);
    const gutter = `${n === line ? ">" : " "} ${String(n).padStart(width)} | `;
    out.push(n === line ? `${red(gutter)}${text}` : dim(`${gutter}${text}`));
    if (n === line && column <= text.length + 1) {
      out.push(`${" ".repeat(gutter.length)}${text.slice(0, column - 1).replace(/[^\t]/g, " ")}${red("^")}`);
    }
  }
  return out;
}

function clip(text: string): string {
  return text.length > 160 ? `${text.slice(0, 159)}…` : text;
}
