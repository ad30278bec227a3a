/** `npm run notebooks`: executes the course in copies and compares what it says with what is committed. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../errors.js";
import { formatSeconds } from "../numbers.js";
import { executeNotebook, notebookDifferences } from "./check/execute.js";
import { readNotebook, writeNotebook } from "./check/notebookFile.js";
import { type Options, readOptions, USAGE } from "./check/options.js";
import { stockTslab } from "./check/stock.js";
import { updated } from "./check/update.js";

/** What the browser test names its copies. */
const CHECK_COPY = "check-";
/** The notebook that has to run on a stock tslab too, where a reader may open it first. */
const FOR_EVERYBODY = "00";

const root = fileURLToPath(new URL("../../..", import.meta.url));

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${describe(error)}\n`);
    process.exitCode = 1;
  },
);

function describe(error: unknown): string {
  if (error instanceof UserError) return error.message;
  if (!(error instanceof Error)) return String(error);
  const wrongUse = "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
  return wrongUse ? `${error.message}\n${USAGE}` : (error.stack ?? error.message);
}

async function main(args: string[]): Promise<number> {
  if (args.includes("--help")) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const options = readOptions(args, root);
  const python = join(root, ".venv", "bin", "python");
  if (!existsSync(python)) {
    throw new UserError("there is no Python environment", {
      where: python,
      fix: "npm run doctor says what is missing",
    });
  }
  const jobs: Job[] = select(options).map((name) => ({ name, stock: false }));
  if (options.profile === "smoke" && !options.update) {
    jobs.push(...jobs.filter(({ name }) => name.startsWith(FOR_EVERYBODY)).map(({ name }) => ({ name, stock: true })));
  }
  const title = ({ name, stock }: Job): string => (stock ? `${name} (stock tslab)` : name);
  const width = Math.max(...jobs.map((job) => title(job).length));
  const copies = mkdtempSync(join(tmpdir(), "kintsugi-notebooks-"));
  let failed = 0;
  for (const job of jobs) {
    const began = Date.now();
    const { problems, exitCode, cells } = await runOne(job, options, python, copies);
    if (problems.length > 0) failed++;
    const mark = problems.length === 0 ? "✓" : "✗";
    const time = formatSeconds((Date.now() - began) / 1000).padStart(12);
    process.stdout.write(`${mark} ${title(job).padEnd(width)} ${time}  ${cells} cells  exit ${exitCode}\n`);
    for (const problem of problems.slice(0, 12)) process.stdout.write(`    ${problem}\n`);
  }
  if (failed === 0) rmSync(copies, { recursive: true, force: true });
  else process.stdout.write(`executed copies: ${copies}\n`);
  process.stdout.write(`${jobs.length - failed} passed, ${failed} failed\n`);
  return failed > 0 ? 1 : 0;
}

type Job = { readonly name: string; readonly stock: boolean };

async function runOne(
  { name, stock }: Job,
  options: Options,
  python: string,
  copies: string,
): Promise<{ problems: readonly string[]; exitCode: number; cells: number }> {
  const path = join(options.folder, name);
  const committed = readNotebook(path);
  const cells = committed.cells.filter(({ cell_type }) => cell_type === "code").length;
  const parameters: Record<string, string> = options.profile === "smoke" ? {} : { profile: options.profile };
  const { timeoutSeconds, folder } = options;
  const onCell = (cell: number, of: number): void => {
    if (process.stdout.isTTY) process.stdout.write(`\r\u001b[2K  ${name}: cell ${cell + 1} of ${of}\r`);
  };
  const copy = join(copies, stock ? `stock-${name}` : name);
  const env = stock ? stockTslab(copies) : {};
  const run = await executeNotebook(committed, { python, copy, folder, parameters, timeoutSeconds, env, onCell });
  if (process.stdout.isTTY) process.stdout.write("\r\u001b[2K");
  if (run.problems.length > 0 || stock) return { ...run, cells };
  if (options.update) writeNotebook(path, updated(committed, run.notebook));
  const compared = options.profile === "smoke" && !options.update;
  if (compared && committed.cells.every(({ outputs = [] }) => outputs.length === 0)) {
    return { ...run, problems: ["no outputs are committed: npm run notebooks -- --update"], cells };
  }
  return { ...run, problems: compared ? notebookDifferences(committed, run.notebook) : [], cells };
}

function select({ folder, only }: Options): string[] {
  const all = existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith(".ipynb") && !name.startsWith(CHECK_COPY))
        .sort()
    : [];
  const names = only.length === 0 ? all : all.filter((name) => only.some((start) => name.startsWith(start)));
  if (names.length > 0) return names;
  const expected = all.length === 0 ? "notebooks" : `one of ${all.join(", ")}`;
  throw new UserError(only.length === 0 ? "there are no notebooks" : `no notebook starts with ${only.join(" or ")}`, {
    where: folder,
    expected,
  });
}
