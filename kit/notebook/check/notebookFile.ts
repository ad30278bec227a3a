/** Notebook files: the parts of nbformat 4 the kit reads, and how it writes them so that diffs stay small. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { UserError } from "../../errors.js";

export type Output = {
  readonly output_type: "stream" | "display_data" | "execute_result" | "error";
  readonly name?: string;
  readonly text?: string | readonly string[];
  readonly data?: Readonly<Record<string, unknown>>;
  readonly ename?: string;
  readonly evalue?: string;
  readonly execution_count?: number | null;
  readonly metadata?: Readonly<Record<string, unknown>>;
};

export type Cell = {
  readonly cell_type: "code" | "markdown" | "raw";
  readonly source: string | readonly string[];
  readonly id?: string;
  readonly metadata: { readonly tags?: readonly string[]; readonly [key: string]: unknown };
  readonly execution_count?: number | null;
  readonly outputs?: readonly Output[];
};

export type Notebook = {
  readonly cells: readonly Cell[];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly nbformat: number;
  readonly nbformat_minor: number;
};

/** What every notebook of the course says about its language; versions would change with each machine. */
const METADATA = {
  kernelspec: { display_name: "TypeScript", language: "typescript", name: "tslab" },
  language_info: { file_extension: ".ts", mimetype: "text/typescript", name: "typescript" },
} as const;

/**
 * Reads a notebook.
 *
 * @param path an `.ipynb` file
 * @returns the notebook
 * @throws UserError when the file is not a notebook of format 4
 */
export function readNotebook(path: string): Notebook {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new UserError("the notebook cannot be read", { where: path, fix: String(error) });
  }
  const notebook = parsed as Partial<Notebook>;
  if (notebook.nbformat !== 4 || !Array.isArray(notebook.cells)) {
    throw new UserError("not a notebook", { where: path, expected: "nbformat 4" });
  }
  return parsed as Notebook;
}

/**
 * Writes a notebook in one step (a temporary file that is renamed), keys sorted as Jupyter sorts them, without
 * timestamps and versions.
 *
 * @param path where to
 * @param notebook the notebook
 */
export function writeNotebook(path: string, notebook: Notebook): void {
  const cells = notebook.cells.map((cell) => {
    const { tags, ...rest } = cell.metadata;
    const kept = Object.entries(rest).filter(
      ([key]) => !["execution", "papermill", "trusted", "collapsed"].includes(key),
    );
    const metadata = { ...Object.fromEntries(kept), ...(tags === undefined ? {} : { tags }) };
    return { ...cell, metadata, ...(cell.outputs && { outputs: cell.outputs.map(tidy) }) };
  });
  const text = JSON.stringify(sorted({ ...notebook, cells, metadata: METADATA }), null, 1);
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, `${text}\n`);
  renameSync(temporary, path);
}

/** Jupyter splits text into lines and wraps figures' JSON as it is; the picture's base64 stays one string. */
function tidy(output: Output): Output {
  if (output.data === undefined) return output.text === undefined ? output : { ...output, text: lines(output.text) };
  const data = Object.entries(output.data).map(([mime, value]) => [
    mime,
    mime.startsWith("text/") && (typeof value === "string" || Array.isArray(value)) ? lines(value) : value,
  ]);
  return { ...output, data: Object.fromEntries(data), metadata: {} };
}

function lines(text: string | readonly string[]): string[] {
  return joined(text).split(/(?<=\n)/);
}

/** The text of a field that may be a list of lines. */
export function joined(text: unknown): string {
  return Array.isArray(text) ? text.join("") : String(text ?? "");
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
