/** The files of a source: on this machine, in the mirror, or on the hub. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { nearest, UserError } from "../../errors.js";
import { exists, makeFolder, writeAtomically, writeFully } from "../../source/files.js";
import {
  browseRepository,
  type HubBrowser,
  type HubRepository,
  isHubId,
  knownNames,
  mirrorFolder,
  type ResolveOptions,
  repositoryFolder,
  resolve,
} from "../../source/index.js";
import { endingOf, rowEndings, splitTables, thereAre } from "../rows/index.js";
import { namedMixtures } from "./named.js";
import type { SourceSpec } from "./spec.js";

/**
 * The files of a source in their order, each brought here when it is asked for.
 *
 * Looked for in this order: a path; the folder or file of that name in `KINTSUGI_MIRROR`; a known corpus; a data set of the
 * hub, of which a copy in the cache is used without asking. In a folder or repository the files are those whose name tells
 * the split, such as `train-00000-of-00003.parquet`; where no name tells one, all belong to `train`. Of several kinds the
 * one that is read best counts, Parquet before JSON.
 *
 * @yields paths
 * @throws UserError when there is no such place, it has no files of that split, or fetching fails
 */
export async function* sourceFiles(
  { from, split = "train" }: Pick<SourceSpec, "from" | "split">,
  options: ResolveOptions = {},
): AsyncGenerator<string> {
  if (await isOnHub(from)) return yield* hubFiles(from, split, options);
  const place = await localPlace(from, options);
  if (statSync(place).isFile()) return yield place;
  const names = readdirSync(place, { recursive: true, encoding: "utf8" });
  for (const name of filesOf(names, split, from)) yield join(place, name);
}

async function isOnHub(from: string): Promise<boolean> {
  if (!isHubId(from) || rowEndings.includes(endingOf(from)) || Object.hasOwn(knownNames, from)) return false;
  return !(await exists(from)) && (await mirrorFolder(from)) === undefined;
}

async function localPlace(from: string, options: ResolveOptions): Promise<string> {
  const mirrored = (await exists(from)) ? undefined : await mirrorFolder(from);
  if (mirrored !== undefined) return mirrored;
  const corpora = Object.keys(knownNames).filter((name) => knownNames[name].kind === "corpus");
  if (corpora.includes(from) || (await exists(from))) return (await resolve(from, options)).path;
  // Where a mixture's name is misspelt, the word is taken for a source.
  const near = nearest(from, [...corpora, ...Object.keys(namedMixtures)]);
  throw new UserError(`there is no data "${from}"`, {
    expected: `a path, a name in the folder of KINTSUGI_MIRROR, a data set of the hub such as org/name, or one of ${corpora.join(", ")}`,
    fix: near && `Did you mean ${near}?`,
  });
}

async function* hubFiles(from: string, split: string, options: ResolveOptions): AsyncGenerator<string> {
  const [id, revision] = from.split("@");
  const repository: HubRepository = { id, type: "datasets", ...(revision === undefined ? {} : { revision }) };
  const folder = repositoryFolder(repository);
  const record = join(folder, `.${split}.json`);
  let known = recorded(record);
  let browser: HubBrowser | undefined;
  if (known === undefined) {
    browser = await browseRepository(repository, options);
    known = { commit: browser.commit, files: filesOf(browser.files, split, from) };
    const content = Buffer.from(`${JSON.stringify(known)}\n`);
    await makeFolder(folder);
    await writeAtomically(record, (handle) => writeFully(handle, content, 0, record));
  }
  for (const file of known.files) {
    const path = join(folder, file);
    if (browser === undefined && (await exists(path))) yield path;
    else {
      browser ??= await browseRepository({ ...repository, revision: known.commit }, options);
      yield await browser.fetch(file, folder);
    }
  }
}

/**
 * Which files a split has, and in which commit: once told, the hub is asked only for those that are not here yet, and for the
 * same state of the data set.
 */
type Split = Pick<HubBrowser, "commit" | "files">;

function recorded(path: string): Split | undefined {
  try {
    const { commit, files } = JSON.parse(readFileSync(path, "utf8")) as Partial<Split>;
    return commit === undefined || files === undefined ? undefined : { commit, files };
  } catch {
    return undefined;
  }
}

/** The files of all tables of a split, sorted. */
function filesOf(names: readonly string[], split: string, where: string): readonly string[] {
  const found = splitTables(names, { split }).flat();
  if (found.length > 0) return found.sort();
  throw new UserError(`there are no files of the split "${split}"`, {
    where,
    expected: `names with "${split}" in them that end with .${rowEndings.join(", .")}; ${thereAre(names)}`,
    fix: "Name another split, or give the path of a file",
  });
}
