import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

/** The folder of real checkpoints and reference values, if this machine has one. */
export const mirror: string | undefined = [process.env.KINTSUGI_MIRROR, "../shared/data"]
  .filter((path): path is string => path !== undefined && path !== "")
  .map((path) => resolve(path))
  .find((path) => existsSync(join(path, "reference")));

/** Path of a file of the mirror. */
export function mirrored(...path: string[]): string {
  return join(mirror ?? "no-mirror", ...path);
}
