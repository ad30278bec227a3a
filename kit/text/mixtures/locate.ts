/** The files of a source: on this machine, in the mirror, or on the hub. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { resolve as absolute, join } from "node:path";
import { nearest, UserError } from "../../errors.js";
import { exists, makeFolder, writeAtomically, writeFully } from "../../source/files.js";
import {
  browseRepository,
  type HubBrowser,
  type HubRepository,
  isHubId,
  type KnownName,
  knownNames,
  mirrorFolder,
  mirrorRoot,
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
  const here = (await exists(from)) ? absolute(from) : await mirrorFolder(from);
  const dataSet = here === undefined ? dataSetOf(from) : undefined;
  if (dataSet !== undefined) return yield* hubFiles(dataSet, split, options);
  const place = here ?? (await fetched(from, split, options));
  if (statSync(place).isFile()) return yield place;
  const names = readdirSync(place, { recursive: true, encoding: "utf8" });
  for (const name of filesOf(names, split, from)) yield join(place, name);
}

/** The data set of the hub that a name stands for: its id, or a known corpus that is one. */
function dataSetOf(from: string): HubRepository | undefined {
  const known = corpora[from]?.hub;
  if (known?.type === "datasets") return { id: known.id, type: known.type, revision: known.revision };
  if (!isHubId(from) || rowEndings.includes(endingOf(from))) return undefined;
  const [id, revision] = from.split("@");
  return { id, type: "datasets", revision };
}

const corpora: Readonly<Record<string, KnownName>> = Object.fromEntries(
  Object.entries(knownNames).filter(([, { kind }]) => kind === "corpus"),
);

/** Known corpora that are data sets of the hub: they have rows of every split. */
const publishedCorpora = Object.keys(corpora).filter((name) => dataSetOf(name) !== undefined);

/** The folder of a known corpus that is not on the hub. */
async function fetched(from: string, split: string, options: ResolveOptions): Promise<string> {
  if (!Object.hasOwn(corpora, from)) throw unknown(from);
  const { files, about } = corpora[from];
  const names = files.map(({ name }) => name);
  // What there is nothing to learn from is not fetched.
  if (splitTables(names, { split }).length > 0) return (await resolve(from, options)).path;
  throw new UserError(`${from} has no rows of the split "${split}": it is ${about}`, {
    expected: `another source, such as ${publishedCorpora.join(", ")}`,
  });
}

function unknown(from: string): UserError {
  const sources = Object.values(namedMixtures).flatMap((mixture) => mixture.sources);
  if (sources.some((source) => source.from === from)) {
    const mirror = mirrorRoot();
    return new UserError(
      `the data set "${from}" is not on this machine, and it is not known to be published anywhere`,
      {
        where: mirror === undefined ? "KINTSUGI_MIRROR is not set" : `KINTSUGI_MIRROR is ${mirror}`,
        expected: `a folder ${from} with files of rows, such as ${from}/train.jsonl, in the folder that KINTSUGI_MIRROR names`,
        fix: "Put it there, or give the path of such a folder or file in place of the name",
      },
    );
  }
  const mixtures = Object.keys(namedMixtures);
  const near = nearest(from, [...Object.keys(corpora), ...mixtures]);
  return new UserError(`there is no data "${from}"`, {
    expected: `a path, a name in the folder of KINTSUGI_MIRROR, a data set of the hub such as org/name, or ${publishedCorpora.join(", ")}`,
    // Where a mixture's name is misspelt, the word is taken for a source.
    fix: mixtures.includes(from) ? "It is a whole mixture: give its name alone" : near && `Did you mean ${near}?`,
  });
}

async function* hubFiles(repository: HubRepository, split: string, options: ResolveOptions): AsyncGenerator<string> {
  const folder = repositoryFolder(repository);
  const record = join(folder, `.${split}.json`);
  let known = recorded(record);
  let browser: HubBrowser | undefined;
  if (known === undefined) {
    browser = await browseRepository(repository, options);
    known = { commit: browser.commit, files: filesOf(browser.files, split, repository.id) };
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
