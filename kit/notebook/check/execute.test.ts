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

it("a failing cell is reported, and so is what did not run after it", async () => {
  const { problems, exitCode } = await run(readNotebook(join(fixtures, "errors.ipynb")));
  expect(problems.join("\n")).toMatch(/stop here[\s\S]*cell 3: Error: stop here[\s\S]*cell 4: did not run/);
  expect(exitCode).toBe(1);
});

it("a compile error is a failure too, and an expected error is not", async () => {
  const { problems } = await run(notebook(code('const x: number = "a";')));
  expect(problems.join("\n")).toContain("TypeScriptError: TS2322");
  expect(
    (await run(notebook(code('throw new Error("on purpose")', ["raises-exception"]), code("1")))).problems,
  ).toEqual([]);
});

it("parameters keep the type the notebook gave them, and leave no trace", async () => {
  const source = notebook(
    code('const profile: "smoke" | "full" = "smoke";\nconst steps: number = 10;', ["parameters"]),
    code('profile === "smoke" ? "small" : "large " + steps'),
  );
  const { problems, notebook: executed } = await run(source, { profile: "full", steps: 20 });
  expect(problems).toEqual([]);
  expect(executed.cells).toHaveLength(2);
  expect(executed.cells.map(({ execution_count }) => execution_count)).toEqual([1, 2]);
  expect(joined(executed.cells[1].outputs?.[0].data?.["text/plain"])).toBe("'large 20'");
});

it("a second run says the same, a changed one does not; written notebooks read back", async () => {
  const first = await run(notebook(code('for (let i = 0; i < 300; i++) console.log("line", i);'), code("Math.PI")));
  const path = join(folder, "written.ipynb");
  writeNotebook(path, first.notebook);
  const committed = readNotebook(path);
  expect(committed.cells[0].outputs).toHaveLength(1);
  expect(notebookDifferences(committed, (await run(committed)).notebook)).toEqual([]);
  const changed = notebook(committed.cells[0], { ...committed.cells[1], source: "Math.E" });
  expect(notebookDifferences(committed, (await run(changed)).notebook)[0]).toMatch(/cell 2: .*3\.14.*2\.71/);
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
