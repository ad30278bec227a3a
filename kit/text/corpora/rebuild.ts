/** Rebuilding a corpus from wherever its texts can be had. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../errors.js";
import { exists, makeFolder, writeAtomically, writeFully } from "../../source/files.js";
import {
  browseRepository,
  cacheFolder,
  type HubRepository,
  mirrorFolder,
  type Progress,
  projectRoot,
  repositoryFolder,
} from "../../source/index.js";
import { type Corpus, corpus } from "../corpus.js";
import { readDocuments, readJsonl } from "../readTexts.js";
import { type Manifest, readManifest, restore } from "./manifest.js";
import { readParquet } from "./parquet.js";
import { type MissingText, Search } from "./search.js";

/** Where the texts of a corpus can be had. */
export type CorpusRecipe = {
  /** The committed list of its texts, below the project. */
  readonly manifest: string;
  /** The folder of a mirror that holds them. */
  readonly mirror: string;
  readonly hub: HubRepository;
  /** Files of the repository, in the order in which they are fetched until nothing is missing. */
  readonly files: readonly RegExp[];
};

export type RebuildOptions = {
  /** Files or folders of one's own, looked through before mirror and hub. */
  readonly from?: readonly string[];
  /** Called while something is being fetched. */
  readonly progress?: Progress;
  /** First pause before trying again, in milliseconds. */
  readonly retryMs?: number;
  /** Called when a file has been looked through. */
  readonly report?: (looked: Looked) => void;
};

/** A place where texts were looked for. */
export type Looked = {
  /** Path of a file, or the hub's name for it. */
  readonly where: string;
  /** Texts it holds, or held up to where the search ended. */
  readonly texts: number;
  /** How many of them were missing until then. */
  readonly found: number;
  /** Why it could not be read, or not to its end. */
  readonly problem?: string;
};

/** What came of a rebuild. */
export type Rebuilt = {
  /** The corpus, when nothing is missing. */
  readonly corpus: Corpus | undefined;
  /** Texts of the corpus. */
  readonly count: number;
  /** Those nowhere to be found. */
  readonly missing: readonly MissingText[];
  /** Empty when the cache held all of it. */
  readonly looked: readonly Looked[];
  /** The file in the cache that holds the texts. */
  readonly path: string;
};

/**
 * Rebuilds a corpus: exactly the texts of its manifest, in its order.
 *
 * Looks in the cache, then through `from`, the folder of `KINTSUGI_MIRROR`, what the cache holds of the hub's repository,
 * and the hub itself, until nothing is missing. The result is written to the cache, also when texts are missing: the next
 * call goes on from there. With everything in the cache nothing else is touched.
 *
 * @param name what the cache calls it
 * @param recipe where its texts can be had
 * @throws UserError when the manifest is damaged, a place of `from` is not there, or the disk refuses
 */
export async function rebuild(name: string, recipe: CorpusRecipe, options: RebuildOptions = {}): Promise<Rebuilt> {
  const manifest = readManifest(join(projectRoot(), recipe.manifest));
  const count = manifest.keys.length;
  const folder = join(cacheFolder(), name);
  const path = join(folder, "texts.jsonl");
  const held = (await exists(path)) ? intact(path, manifest) : undefined;
  if (held !== undefined) return { corpus: held, count, missing: [], looked: [], path };

  const search = new Search(manifest);
  // What an earlier call found, or what is left of a damaged file.
  if (await exists(path)) await look(search, path, path);
  const looked: Looked[] = [];
  if (search.left > 0) {
    for await (const each of places(search, recipe, options)) {
      looked.push(each);
      options.report?.(each);
      if (search.left === 0) break;
    }
  }
  const { found, missing } = search;
  const whole = missing.length === 0 ? corpus(manifest.name, found) : undefined;
  if (whole !== undefined && whole.sha256 !== manifest.sha256) {
    throw new UserError(`the texts of ${name} do not have the hash of their manifest`, {
      where: recipe.manifest,
      fix: restore,
    });
  }
  if (found.length > 0) await store(folder, path, found);
  return { corpus: whole, count, missing, looked, path };
}

/** The corpus in a file of the cache, if it is all there. */
function intact(path: string, manifest: Manifest): Corpus | undefined {
  try {
    const held = corpus(manifest.name, readJsonl(path));
    return held.sha256 === manifest.sha256 ? held : undefined;
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** Looks through one place after another. */
async function* places(search: Search, recipe: CorpusRecipe, options: RebuildOptions): AsyncGenerator<Looked> {
  const fetched = repositoryFolder(recipe.hub);
  const mirror = await mirrorFolder(recipe.mirror);
  const folders = mirror === undefined ? [fetched] : [mirror, fetched];
  const own = (options.from ?? []).flatMap((path) => filesIn(path, true));
  const files = [...own, ...folders.flatMap((folder) => filesIn(folder, false))];
  for (const file of files) yield await look(search, file, file);
  yield* lookOnHub(search, recipe, files, options);
}

async function* lookOnHub(
  search: Search,
  { hub, files: patterns }: CorpusRecipe,
  known: readonly string[],
  options: RebuildOptions,
): AsyncGenerator<Looked> {
  const nothing = { texts: 0, found: 0 };
  let browser: Awaited<ReturnType<typeof browseRepository>>;
  try {
    browser = await browseRepository(hub, options);
  } catch (error) {
    yield { where: `the hub's ${hub.id}`, ...nothing, problem: reasonOf(error) };
    return;
  }
  const wanted = patterns.flatMap((pattern) => browser.files.filter((file) => pattern.test(file)).sort());
  const folder = repositoryFolder(hub);
  for (const file of new Set(wanted)) {
    if (known.includes(join(folder, file))) continue;
    const where = `the hub's ${hub.id}: ${file}`;
    try {
      yield await look(search, await browser.fetch(file), where);
    } catch (error) {
      yield { where, ...nothing, problem: reasonOf(error) };
    }
  }
}

/** Offers every text of a file; a file that cannot be read is passed over, with its reason. */
async function look(search: Search, path: string, where: string): Promise<Looked> {
  const before = search.left;
  let texts = 0;
  let problem: string | undefined;
  try {
    for await (const text of textsOf(path)) {
      texts++;
      search.offer(text);
      if (search.left === 0) break;
    }
  } catch (error) {
    problem = reasonOf(error);
  }
  return { where, texts, found: before - search.left, ...(problem === undefined ? {} : { problem }) };
}

const readers: Readonly<Record<string, (path: string) => Iterable<string> | AsyncIterable<string>>> = {
  jsonl: (path) => readJsonl(path),
  parquet: (path) => readParquet(path, "text"),
  txt: (path) => readDocuments(path),
};

function textsOf(path: string): Iterable<string> | AsyncIterable<string> {
  return readers[path.slice(path.lastIndexOf(".") + 1)](path);
}

/** Files of a folder and those below it that can be read here, or the file itself. */
function filesIn(path: string, required: boolean): string[] {
  const readable = (file: string): boolean => Object.hasOwn(readers, file.slice(file.lastIndexOf(".") + 1));
  const kind = statSync(path, { throwIfNoEntry: false });
  if (kind === undefined && !required) return [];
  const files = kind?.isDirectory()
    ? readdirSync(path, { recursive: true, encoding: "utf8" }).filter(readable).sort()
    : [];
  if (files.length > 0 || (kind?.isDirectory() && !required)) return files.map((file) => join(path, file));
  if (kind?.isFile() && readable(path)) return [path];
  throw new UserError(kind === undefined ? `There is no ${path}` : `${path} holds no texts that are read here`, {
    expected: `a ${Object.keys(readers).join(", ")} file, or a folder with some`,
  });
}

async function store(folder: string, path: string, texts: readonly string[]): Promise<void> {
  await makeFolder(folder);
  const content = texts.map((text) => `${JSON.stringify({ text })}\n`).join("");
  await writeAtomically(path, (handle) => writeFully(handle, Buffer.from(content), 0, path));
}

function reasonOf(error: unknown): string {
  if (error instanceof UserError) return error.message;
  throw error;
}
