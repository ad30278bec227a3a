import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../errors.js";
import { download, isIntact, type Progress } from "./download.js";
import { exists, writeAtomically, writeFully } from "./files.js";
import { explained, Interrupted, request } from "./http.js";
import type { HubRepository, KnownFile } from "./names.js";
import { cacheFolder } from "./root.js";

const officialHub = "https://huggingface.co";

/** Base address of the hub: `HF_ENDPOINT`, or the official one. */
function endpoint(): string {
  return (process.env.HF_ENDPOINT || officialHub).replace(/\/+$/, "");
}

/** Whether `text` has the form of a hub id, `org/name`, optionally with `@revision`. */
export function isHubId(text: string): boolean {
  return /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*(@[\w.-]+)?$/.test(text) && !text.includes("..");
}

export type HubOptions = { readonly progress?: Progress; readonly retryMs?: number };

/**
 * Brings a repository's checkpoint, or the files asked for, from the hub into the cache.
 *
 * Only what loads here is fetched: config, tokenizer and safetensors (or a single GGUF file). Files are checked against
 * the hub's own checksums. A complete copy in the cache is used without asking the hub; an interrupted one is completed, and
 * files of it that are not those of the commit any more are fetched anew.
 *
 * @returns the folder
 * @throws UserError when the hub is out of reach, has no such repository or only pickled weights, or a file is damaged
 */
export async function fetchRepository(repository: HubRepository, options: HubOptions = {}): Promise<string> {
  const { id, revision = "main" } = repository;
  const folder = repositoryFolder(repository);
  const record = join(folder, ".complete.json");
  if (await isComplete(folder, record)) return folder;
  const { commit, files } = await listing(repository, options);
  const wanted = wantedOf(repository, files);
  for (const each of wanted) await fetchFile(repository, commit, each, options);
  const text = JSON.stringify({ id, revision, commit, files: wanted.map(({ target }) => target) }, null, 2);
  await writeAtomically(record, (handle) => writeFully(handle, Buffer.from(`${text}\n`), 0, record));
  return folder;
}

/** A repository whose files are fetched one by one. */
export type HubBrowser = {
  readonly commit: string;
  /** Paths in the repository. */
  readonly files: readonly string[];
  /** Brings a file into the cache, or another folder, checked against the hub's own checksum, and tells its path there. */
  readonly fetch: (file: string, folder?: string) => Promise<string>;
  /** The first bytes of a file, and how many it has. */
  readonly beginning: (file: string, bytes: number) => Promise<{ readonly start: Uint8Array; readonly size: number }>;
  /** The files that {@link fetchRepository} brings. */
  readonly checkpoint: () => readonly string[];
};

/**
 * Lists a repository, to fetch only some of its files.
 *
 * @throws UserError when the hub is out of reach or has no such repository; from `fetch` when a file is damaged
 */
export async function browseRepository(repository: HubRepository, options: HubOptions = {}): Promise<HubBrowser> {
  const { commit, files } = await listing(repository, options);
  const one = (name: string): Wanted => named([{ name }], files, repository.id)[0];
  return {
    commit,
    files: files.map(({ path }) => path),
    fetch: (name, folder) => fetchFile(repository, commit, one(name), options, folder),
    beginning: (name, bytes) => beginningOf(addressOf(repository, commit, one(name).file), bytes, options),
    checkpoint: () => wantedOf(repository, files).map(({ file }) => file.path),
  };
}

/** The folder of a repository that is in the cache as a whole. */
export async function completeRepository(repository: HubRepository): Promise<string | undefined> {
  const folder = repositoryFolder(repository);
  return (await isComplete(folder, join(folder, ".complete.json"))) ? folder : undefined;
}

/** Where the cache keeps a repository's files. */
export function repositoryFolder({ id, type, revision = "main" }: HubRepository): string {
  return join(cacheFolder(), "hub", type, ...id.split("/"), revision);
}

/** The files of a checkpoint. */
function wantedOf({ id, files: chosen }: HubRepository, files: readonly HubFile[]): Wanted[] {
  return chosen ? named(chosen, files, id) : checkpointFiles(files, id);
}

/** Brings one file into the cache, unless it is there as the commit has it. */
async function fetchFile(
  repository: HubRepository,
  commit: string,
  { target, file, sha256 }: Wanted,
  options: HubOptions,
  folder: string = repositoryFolder(repository),
): Promise<string> {
  const path = join(folder, target);
  const expected = { bytes: file.bytes, gitBlob: file.gitBlob, sha256: sha256 ?? file.sha256 };
  if (await isIntact(path, expected)) return path;
  await download(addressOf(repository, commit, file), path, { headers: credentials(), ...expected, ...options });
  return path;
}

function addressOf({ id, type }: HubRepository, commit: string, { path }: HubFile): string {
  const name = path.split("/").map(encodeURIComponent).join("/");
  return `${endpoint()}/${type === "datasets" ? "datasets/" : ""}${id}/resolve/${commit}/${name}`;
}

async function isComplete(folder: string, record: string): Promise<boolean> {
  try {
    const { files }: { files: string[] } = JSON.parse(await readFile(record, "utf8"));
    return (await Promise.all(files.map((file) => exists(join(folder, file))))).every((there) => there);
  } catch {
    return false;
  }
}

function credentials(): Record<string, string> {
  const token = process.env.HF_TOKEN;
  return token ? { authorization: `Bearer ${token}` } : {};
}

type HubFile = { readonly path: string; readonly bytes?: number; readonly sha256?: string; readonly gitBlob?: string };

async function listing(
  { id, type, revision = "main" }: HubRepository,
  options: HubOptions,
): Promise<{ commit: string; files: HubFile[] }> {
  if (/^(1|true|yes|on)$/i.test(process.env.HF_HUB_OFFLINE ?? "")) {
    throw new UserError(`${id} is not in the cache, and HF_HUB_OFFLINE forbids fetching it`);
  }
  const url = `${endpoint()}/api/${type}/${id}/revision/${encodeURIComponent(revision)}?blobs=true`;
  const json = await requestJson(url, options.retryMs ?? 500);
  const { sha, siblings } = json as { sha?: unknown; siblings?: unknown };
  if (typeof sha !== "string" || !/^[0-9a-f]{7,64}$/.test(sha) || !Array.isArray(siblings)) {
    throw new UserError(`${url} does not answer like a hub`, { fix: "Check HF_ENDPOINT" });
  }
  return { commit: sha, files: siblings.flatMap(hubFile) };
}

/** One line of the hub's listing; lines without a usable name are passed over. */
function hubFile(line: unknown): HubFile[] {
  const { rfilename: path, size, blobId, lfs } = (line ?? {}) as Record<string, unknown>;
  if (typeof path !== "string" || path.startsWith("/") || /(^|[\\/])\.\.?([\\/]|$)/.test(path)) return [];
  const large = (lfs ?? {}) as Record<string, unknown>;
  const sha256 = typeof large.sha256 === "string" ? large.sha256 : undefined;
  const gitBlob =
    typeof blobId === "string" && sha256 === undefined && /^[0-9a-f]{40}$/.test(blobId) ? blobId : undefined;
  return [{ path, sha256, gitBlob, bytes: typeof size === "number" ? size : undefined }];
}

async function requestJson(url: string, retryMs: number): Promise<unknown> {
  const text = await retried(url, retryMs, async () => {
    const pieces: Uint8Array[] = [];
    for await (const piece of (await request(url, credentials())).pieces()) pieces.push(piece);
    return Buffer.concat(pieces).toString("utf8");
  });
  try {
    return JSON.parse(text);
  } catch {
    throw new UserError(`${url} does not answer with JSON`, { fix: "Check HF_ENDPOINT" });
  }
}

/** The first bytes of a file; of a server that sends all of it, no more than these are taken. */
async function beginningOf(
  url: string,
  bytes: number,
  { retryMs = 500 }: HubOptions,
): Promise<{ start: Uint8Array; size: number }> {
  return await retried(url, retryMs, async () => {
    const { headers, pieces } = await request(url, { ...credentials(), range: `bytes=0-${bytes - 1}` });
    const [, whole = headers.get("content-length")] = /\/(\d+)$/.exec(headers.get("content-range") ?? "") ?? [];
    const size = Number(whole ?? Number.NaN);
    if (!Number.isInteger(size)) throw new UserError(`${url} does not say how long it is`);
    const taken: Uint8Array[] = [];
    let count = 0;
    for await (const piece of pieces()) {
      taken.push(piece);
      count += piece.byteLength;
      if (count >= bytes) break;
    }
    if (count < Math.min(bytes, size)) throw new Interrupted(new Error(`only ${count} of ${bytes} bytes arrived`));
    return { start: Buffer.concat(taken).subarray(0, bytes), size };
  });
}

/** What `attempt` gives, which is made three times where a connection breaks. */
async function retried<T>(url: string, retryMs: number, attempt: () => Promise<T>): Promise<T> {
  for (let left = 3; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      if (left === 1) throw explained(error.cause, url);
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }
}

type Wanted = { readonly target: string; readonly file: HubFile; readonly sha256?: string };

function named(wanted: readonly KnownFile[], files: readonly HubFile[], id: string): Wanted[] {
  return wanted.map(({ name, remote = name, sha256 }) => {
    const file = files.find(({ path }) => path === remote);
    if (file === undefined) throw new UserError(`The hub's ${id} has no ${remote}`);
    return { target: name, file, sha256 };
  });
}

const texts =
  /^(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens)\.json$|^tokenizer\.model$|^chat_template\.jinja$/;

function checkpointFiles(files: readonly HubFile[], id: string): Wanted[] {
  const matching = (pattern: RegExp): HubFile[] => files.filter(({ path }) => pattern.test(path));
  const all = (chosen: readonly HubFile[]): Wanted[] => chosen.map((file) => ({ target: file.path, file }));
  const single = matching(/^model\.safetensors$/);
  const shards = matching(/^model(-\d+-of-\d+\.safetensors|\.safetensors\.index\.json)$/);
  if (single.length + shards.length > 0) return all([...matching(texts), ...(single.length > 0 ? single : shards)]);
  const gguf = matching(/^[^/]+\.gguf$/);
  if (gguf.length === 1) return all([...matching(texts), ...gguf]);
  if (gguf.length > 1) {
    throw new UserError(`${id} holds ${gguf.length} GGUF files: ${gguf.map(({ path }) => path).join(", ")}`, {
      fix: "Fetch the one you want and give its path",
    });
  }
  if (matching(/\.(bin|pt|pth|ckpt)$/).length > 0) {
    throw new UserError(`${id} holds only pickled weights, which can run any program when loaded`, {
      fix: "Look for a copy with model.safetensors, or convert it: see `npx kintsugi inspect FILE`",
    });
  }
  throw new UserError(`The hub's ${id} holds no weights this kit reads`, {
    expected: "model.safetensors or a GGUF file",
  });
}

/** What the cache knows about a fetched repository: its id and commit, for records of runs. */
export async function provenance(folder: string): Promise<{ id: string; commit: string } | undefined> {
  try {
    const { id, commit } = JSON.parse(await readFile(join(folder, ".complete.json"), "utf8"));
    return { id: String(id), commit: String(commit) };
  } catch {
    return undefined;
  }
}
