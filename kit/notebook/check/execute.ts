/** Runs one notebook through Jupyter's own client, in a copy, and judges how it went. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { PLOTLY_MIME } from "../figure/figure.js";
import { cellDifferences } from "./compare.js";
import { type Cell, joined, type Notebook, readNotebook, writeNotebook } from "./notebookFile.js";

/** What a run needs. */
export type RunOptions = {
  readonly python: string;
  /** Where the executed copy goes. */
  readonly copy: string;
  /** The folder the cells run in. */
  readonly folder: string;
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
  readonly timeoutSeconds: number;
  /** Variables on top of this process's own. */
  readonly env: Readonly<Record<string, string>>;
  readonly onCell: (cell: number, of: number) => void;
};

/** How a run went. */
export type RunResult = {
  readonly notebook: Notebook;
  /** Why it is not good, one line each; empty when it is. */
  readonly problems: readonly string[];
  /** Exit code of the process that ran the cells. */
  readonly exitCode: number;
};

const PROGRAM = fileURLToPath(
  new URL(import.meta.url.includes("/dist/") ? "../../../notebook/check/execute.py" : "./execute.py", import.meta.url),
);
const INJECTED = "injected-parameters";

type Event = { cell?: number; of?: number; status?: string; end?: string | null };

/**
 * Executes a notebook.
 *
 * @param notebook the notebook; it is not changed
 * @param options how and where
 * @returns the executed notebook, without the injected cell, and what went wrong
 */
export async function executeNotebook(notebook: Notebook, options: RunOptions): Promise<RunResult> {
  writeNotebook(options.copy, withParameters(notebook, options.parameters));
  const statuses = new Map<number, string>();
  let end: string | null | undefined;
  const child = spawn(
    options.python,
    [PROGRAM, options.copy, options.copy, options.folder, String(options.timeoutSeconds)],
    {
      env: { ...process.env, ...options.env, PYTHONDONTWRITEBYTECODE: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-2_000);
  });
  createInterface(child.stdout).on("line", (line) => {
    const event = JSON.parse(line) as Event;
    if (event.end !== undefined) end = event.end;
    else if (event.status !== undefined) statuses.set(event.cell ?? -1, event.status);
    else options.onCell(event.cell ?? 0, event.of ?? 0);
  });
  const exitCode = await new Promise<number>((resolve) => child.on("close", (code) => resolve(code ?? 1)));
  const executed = readNotebook(options.copy);
  const problems: string[] = [];
  if (end === undefined)
    problems.push(`the client ended with code ${exitCode}: ${complaint.trim().split("\n").at(-1)}`);
  else if (end !== null) problems.push(end);
  problems.push(...executed.cells.flatMap((cell, i) => cellProblems(cell, i, statuses.get(i))));
  const cells = executed.cells.filter(({ metadata }) => !metadata.tags?.includes(INJECTED));
  return {
    notebook: { ...executed, cells: renumbered(cells) },
    problems,
    exitCode: exitCode || (problems.length > 0 ? 1 : 0),
  };
}

/**
 * Compares an executed notebook with the committed one.
 *
 * @returns what differs, one line each
 */
export function notebookDifferences(committed: Notebook, executed: Notebook): string[] {
  return committed.cells.flatMap((cell, i) =>
    cell.cell_type === "code" ? cellDifferences(cell, executed.cells[i]).map((line) => `cell ${i + 1}: ${line}`) : [],
  );
}

/** A notebook with a cell of parameters after the one tagged `parameters`, typed as that one types them. */
function withParameters(notebook: Notebook, parameters: RunOptions["parameters"]): Notebook {
  const at = notebook.cells.findIndex(({ metadata }) => metadata.tags?.includes("parameters"));
  const cells = notebook.cells.map((cell) =>
    cell.cell_type === "code" ? { ...cell, outputs: [], execution_count: null } : cell,
  );
  if (at < 0 || Object.keys(parameters).length === 0) return { ...notebook, cells };
  const source = joined(cells[at].source);
  const lines = Object.entries(parameters).map(([name, value]) => {
    const type = new RegExp(`\\b(?:const|let)\\s+${name}\\s*:\\s*([^=]+?)\\s*=`).exec(source)?.[1] ?? "any";
    return `const ${name}: ${type} = ${JSON.stringify(value)};`;
  });
  const injected: Cell = {
    cell_type: "code",
    id: "injected-parameters",
    source: lines.join("\n"),
    metadata: { tags: [INJECTED] },
    execution_count: null,
    outputs: [],
  };
  return { ...notebook, cells: [...cells.slice(0, at + 1), injected, ...cells.slice(at + 1)] };
}

function cellProblems(cell: Cell, index: number, status: string | undefined): string[] {
  if (cell.cell_type !== "code" || joined(cell.source).trim() === "") return [];
  const here = `cell ${index + 1}`;
  const expectsError = cell.metadata.tags?.includes("raises-exception") === true;
  if (status === undefined) return [`${here}: did not run`];
  const out: string[] = [];
  const error = cell.outputs?.find(({ output_type }) => output_type === "error");
  if (status === "aborted") out.push(`${here}: was aborted`);
  if (error !== undefined && !expectsError) out.push(`${here}: ${error.ename}: ${error.evalue}`);
  else if (status === "error" && !expectsError) out.push(`${here}: failed`);
  if (error === undefined && expectsError) out.push(`${here}: is tagged raises-exception and raised none`);
  if (typeof cell.execution_count !== "number") out.push(`${here}: has no execution count`);
  for (const { data = {} } of cell.outputs ?? []) {
    if (PLOTLY_MIME in data && !("image/png" in data)) out.push(`${here}: a figure has no static picture`);
    if (Object.keys(data).length > 0 && !("text/plain" in data)) out.push(`${here}: an output has no plain text`);
  }
  return out;
}

/** Execution counts from one, as if no parameters had been injected. */
function renumbered(cells: readonly Cell[]): Cell[] {
  let count = 0;
  return cells.map((cell) => {
    if (typeof cell.execution_count !== "number") return cell;
    count++;
    const outputs = cell.outputs?.map((output) =>
      "execution_count" in output ? { ...output, execution_count: count } : output,
    );
    return { ...cell, execution_count: count, ...(outputs && { outputs }) };
  });
}
