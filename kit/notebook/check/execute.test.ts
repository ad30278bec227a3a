import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { KERNEL_PATH } from "../kernel/client.js";
import { executeNotebook, notebookDifferences, type RunResult } from "./execute.js";
import { type Cell, joined, type Notebook, readNotebook, writeNotebook } from "./notebookFile.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const python = join(root, ".venv", "bin", "python");
const fixtures = join(root, "kit", "test", "fixtures");
const folder = mkdtempSync(join(tmpdir(), "kintsugi-execute-"));
const env = { JUPYTER_PATH: join(folder, "jupyter"), JUPYTER_RUNTIME_DIR: join(folder, "runtime"), IPYTHONDIR: folder };

beforeAll(() => {
  const kernel = join(env.JUPYTER_PATH, "kernels", "tslab");
  mkdirSync(kernel, { recursive: true });
  const argv = [process.execPath, KERNEL_PATH, "--config-path", "{connection_file}"];
  writeFileSync(
    join(kernel, "kernel.json"),
    JSON.stringify({ argv, display_name: "TypeScript", language: "typescript" }),
  );
  expect(existsSync(python), "npm test sets up .venv").toBe(true);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(notebook: Notebook, parameters: Record<string, string | number> = {}): Promise<RunResult> {
  const copy = join(folder, "copy.ipynb");
  return executeNotebook(notebook, { python, copy, folder, parameters, timeoutSeconds: 60, env, onCell: () => {} });
}
const code = (source: string, tags: string[] = []): Cell => ({
  cell_type: "code",
  id: `c${source.length}`,
  source,
  metadata: { tags },
  execution_count: null,
  outputs: [],
});
const notebook = (...cells: Cell[]): Notebook => ({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 });

// A run is a kernel that starts, which takes seconds: each of these tests looks at several things in one.

it("a failing cell is reported, and so is what did not run after it; an error that is expected is none", async () => {
  const cells = readNotebook(join(fixtures, "errors.ipynb")).cells;
  const expected = code('const x: number = "a";', ["raises-exception"]);
  const {
    problems,
    exitCode,
    notebook: executed,
  } = await run(notebook(expected, code("1", ["raises-exception"]), ...cells));
  expect(executed.cells[0].outputs?.[0]).toMatchObject({ output_type: "error", ename: "TypeScriptError" });
  expect(problems).toEqual([
    expect.stringContaining("stop here"),
    "cell 2: is tagged raises-exception and raised none",
    "cell 5: Error: stop here",
    "cell 6: did not run",
    "cell 7: did not run",
  ]);
  expect(exitCode).toBe(1);
});

it("parameters keep their type and leave no trace; a second run says the same, a changed one does not", async () => {
  const source = notebook(
    code('const profile: "smoke" | "full" = "smoke";\nconst steps: number = 10;', ["parameters"]),
    code('profile === "smoke" ? "small" : "large " + steps'),
    code('for (let i = 0; i < 300; i++) console.log("line", i);'),
    code("Math.PI"),
  );
  const parameters = { profile: "full", steps: 20 };
  const first = await run(source, parameters);
  expect(first.problems).toEqual([]);
  expect(first.notebook.cells.map(({ execution_count }) => execution_count)).toEqual([1, 2, 3, 4]);
  expect(joined(first.notebook.cells[1].outputs?.[0].data?.["text/plain"])).toBe("'large 20'");

  const path = join(folder, "written.ipynb");
  writeNotebook(path, first.notebook);
  const committed = readNotebook(path);
  expect(committed.cells[2].outputs).toHaveLength(1);
  const changed = notebook(...committed.cells.slice(0, 3), { ...committed.cells[3], source: "Math.E" });
  // The cells that are the same say the same; the other is the only difference.
  expect(notebookDifferences(committed, (await run(changed, parameters)).notebook)).toEqual([
    expect.stringMatching(/cell 4: .*3\.14.*2\.71/),
  ]);
});

it("papermill passes parameters", () => {
  const [source, target] = [join(folder, "in.ipynb"), join(folder, "out.ipynb")];
  writeNotebook(
    source,
    notebook(code('const profile: "smoke" | "full" = "smoke";', ["parameters"]), code('profile === "smoke" ? 1 : 2')),
  );
  const papermill = join(root, "kit", "notebook", "papermill");
  const options = {
    env: { ...process.env, ...env, PYTHONDONTWRITEBYTECODE: "1" },
    stdio: "pipe",
    cwd: folder,
  } as const;
  execFileSync(python, [papermill, "-p", "profile", "full", source, target], options);
  expect(joined(readNotebook(target).cells[2].outputs?.[0].data?.["text/plain"])).toBe("2");
});
