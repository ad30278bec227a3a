import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { afterAll } from "vitest";

const kit = fileURLToPath(new URL("../..", import.meta.url));

/**
 * The rooms that need no training as JavaScript in a folder of their own, for what a test can only see in a process of its
 * own: peak memory, which modules are loaded, what a killed process leaves behind. Removed after the test file.
 */
export function kitAsJavaScript(): string {
  const folder = mkdtempSync(join(tmpdir(), "kintsugi-kit-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  symlinkSync(join(kit, "..", "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.ESNext,
    target: ts.ScriptTarget.ES2022,
    verbatimModuleSyntax: true,
  };
  for (const name of readdirSync(kit, { recursive: true, encoding: "utf8" })) {
    if (
      !/^(errors|numbers|(engine|measure|model|nn|source|surgery|text|weights)\/.*)(?<!\.test|\.d)\.ts$/.test(name) ||
      name.includes("/testing/")
    )
      continue;
    const target = join(folder, name.replace(/ts$/, "js"));
    mkdirSync(dirname(target), { recursive: true });
    const { outputText } = ts.transpileModule(readFileSync(join(kit, name), "utf8"), { compilerOptions: options });
    writeFileSync(target, outputText);
  }
  return folder;
}

/**
 * Source of a function `peak()`: the most memory a process has had, in bytes. Linux counts what its parent had at the fork
 * into `maxRSS`, so the figure of the process's own address space is taken where there is one.
 */
export const peakMemory = `
  import { readFileSync as readStatus } from "node:fs";
  function peak() {
    try {
      return 1024 * Number(/VmHWM:\\s*(\\d+)/.exec(readStatus("/proc/self/status", "utf8"))[1]);
    } catch {
      return 1024 * process.resourceUsage().maxRSS;
    }
  }`;

/** How a child process ended. */
export type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string };

/**
 * Runs a module in a process of its own, with the kit at `./`.
 *
 * @param folder from {@link kitAsJavaScript}
 * @param code source of the module
 * @param options environment beside this process's; milliseconds after its first output at which it is killed
 */
export async function runChild(
  folder: string,
  code: string,
  { env = {}, killAfterMs }: { env?: Readonly<Record<string, string>>; killAfterMs?: number } = {},
): Promise<Ended> {
  const script = join(folder, `script-${Math.random().toString(36).slice(2)}.mjs`);
  writeFileSync(script, code);
  return await new Promise((resolve) => {
    const settings = { env: { ...process.env, ...env }, maxBuffer: 2 ** 26 };
    const child = execFile(process.execPath, [script], settings, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
    if (killAfterMs === undefined) return;
    child.stdout?.once("data", () => setTimeout(() => child.kill("SIGKILL"), killAfterMs));
  });
}
