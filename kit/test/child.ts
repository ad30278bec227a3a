import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

/** What a program printed: its last line as JSON, and everything it wrote to stderr. */
export type Child<Result> = { readonly result: Result; readonly stderr: string };

/**
 * Runs a TypeScript program of `kit/test` in a process of its own, for laws about a whole process.
 *
 * @param program path below `kit/test`
 */
export function child<Result>(program: string, args: readonly string[] = []): Promise<Child<Result>> {
  const command = ["--expose-gc", "--import", join(here, "typescript.mjs"), join(here, program), ...args];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, command, { maxBuffer: 1e8 }, (error, stdout, stderr) => {
      if (error !== null) return reject(new Error(`${program} failed: ${stderr}`, { cause: error }));
      const last = stdout.trim().split("\n").at(-1) ?? "";
      resolve({ result: JSON.parse(last) as Result, stderr });
    });
  });
}
