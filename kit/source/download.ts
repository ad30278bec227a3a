import { createHash } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import { type FileHandle, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { UserError } from "../errors.js";
import { exists, fileError, makeFolder, syncFolder, writeFully } from "./files.js";
import { explained, Interrupted, request } from "./http.js";
import { withLock } from "./lock.js";

/** Called while a file arrives, at most ten times a second and once at its end. */
export type Progress = (state: { readonly file: string; readonly bytes: number; readonly total?: number }) => void;

export type DownloadOptions = {
  readonly headers?: Readonly<Record<string, string>>;
  /** Expected content: hexadecimal SHA-256 of the file, or SHA-1 of its git blob. */
  readonly sha256?: string;
  readonly gitBlob?: string;
  /** Expected length in bytes. */
  readonly bytes?: number;
  readonly progress?: Progress;
  /** First pause before trying again, doubled each time; in milliseconds. */
  readonly retryMs?: number;
};

/** How often a broken connection is picked up again without any progress in between. */
const attempts = 5;

/**
 * Fetches one file. It takes its name only when complete and checked; until then what has arrived stays in `TARGET.part`,
 * and the next call goes on from there.
 *
 * A connection that breaks is resumed by itself. What was resumed and does not match its checksum is fetched once more
 * from the start. A file of that name that does match is left as it is.
 *
 * @param url address, `http` or `https`
 * @param target path of the file to make; its folder is made too
 * @throws UserError when the server is out of reach, has no such file, refuses, or sends something else than expected;
 * when the disk is full
 */
export async function download(url: string, target: string, options: DownloadOptions = {}): Promise<void> {
  const part = `${target}.part`;
  await makeFolder(dirname(target));
  await withLock(target, async () => {
    // Another process may have brought it while this one was on its way here.
    if (canBeChecked(options) && (await isIntact(target, options))) return;
    const resumed = await transfer(url, part, options);
    let problem = await mismatch(part, options);
    if (problem !== undefined && resumed) {
      await rm(part, { force: true });
      await transfer(url, part, options);
      problem = await mismatch(part, options);
    }
    if (problem !== undefined) {
      await rm(part, { force: true });
      await rm(`${part}.tag`, { force: true });
      throw new UserError(`What arrived from ${url} is damaged: ${problem}`, {
        fix: "Try again later, or fetch it elsewhere and give its path",
      });
    }
    await rename(part, target);
    await rm(`${part}.tag`, { force: true });
    await syncFolder(dirname(target));
  });
}

/** Brings everything into `part`; tells whether it came in several parts, of which one may not belong to the others. */
async function transfer(url: string, part: string, options: DownloadOptions): Promise<boolean> {
  let handle: FileHandle;
  try {
    handle = await open(part, constants.O_RDWR | constants.O_CREAT);
  } catch (error) {
    throw fileError(error, "write", part);
  }
  try {
    const before = (await handle.stat()).size;
    let pause = options.retryMs ?? 500;
    let [begun, retried] = [false, false];
    for (let left = attempts; ; ) {
      const start = (await handle.stat()).size;
      try {
        await receive(url, { path: part, handle, start, begun }, options);
        await handle.sync();
        return before > 0 || retried;
      } catch (error) {
        if (!(error instanceof Interrupted)) throw fileError(error, "write", part);
        const arrived = (await handle.stat()).size > start;
        [begun, retried] = [begun || arrived, true];
        left = arrived ? attempts : left - 1;
        if (left === 0) throw explained(error.cause, url);
        await new Promise((resolve) => setTimeout(resolve, pause));
        pause = Math.min(pause * 2, 8000);
      }
    }
  } finally {
    await handle.close();
  }
}

/** An unfinished file: everything before `start` is there. */
type Part = {
  readonly path: string;
  readonly handle: FileHandle;
  readonly start: number;
  /** Whether some of it has arrived just now. */
  readonly begun: boolean;
};

/** One request: goes on from `start` when the server can, begins again when it cannot. */
async function receive(url: string, { path, handle, start, begun }: Part, options: DownloadOptions): Promise<void> {
  if (start > 0 && options.bytes === start) return;
  const headers = { ...options.headers, ...(await resumption(url, path, start, options)) };
  const response = await request(url, headers, begun);
  if (response.status === 416) {
    if (response.headers.get("content-range") === `bytes */${start}`) return;
    await handle.truncate(0);
    throw new Interrupted(new Error("what was there is longer than the file"));
  }
  const from = response.status === 206 ? rangeStart(response.headers.get("content-range")) : 0;
  if (from !== 0 && from !== start) throw new UserError(`${url} sent the wrong part of the file`);
  await handle.truncate(from);
  await writeFile(`${path}.tag`, `${url}\n${response.headers.get("etag") ?? ""}`);
  const length = Number(response.headers.get("content-length") ?? Number.NaN);
  const total =
    options.bytes ?? (Number.isNaN(length) || response.headers.has("content-encoding") ? undefined : from + length);
  const report = throttled(options.progress, url, total);
  let position = from;
  for await (const piece of response.pieces()) {
    await writeFully(handle, piece, position, path);
    position += piece.byteLength;
    if (options.bytes !== undefined && position > options.bytes) {
      throw new UserError(`${url} is longer than announced`, { expected: `${options.bytes} bytes` });
    }
    report(position, false);
  }
  if (total !== undefined && position < total)
    throw new Interrupted(new Error(`only ${position} of ${total} bytes arrived`));
  report(position, true);
}

/**
 * Headers that ask for the rest of a file. Without a checksum, only a strong entity tag can tell whether the rest belongs
 * to what is there; without either, the file is fetched from its start.
 */
async function resumption(
  url: string,
  part: string,
  start: number,
  options: DownloadOptions,
): Promise<Record<string, string>> {
  if (start === 0) return {};
  const [from, tag] = (await readFile(`${part}.tag`, "utf8").catch(() => "")).split("\n");
  const strong = from === url && tag?.startsWith('"') ? tag : undefined;
  if (strong !== undefined) return { range: `bytes=${start}-`, "if-range": strong };
  return options.sha256 === undefined && options.gitBlob === undefined ? {} : { range: `bytes=${start}-` };
}

function rangeStart(header: string | null): number {
  return Number(/^bytes (\d+)-/.exec(header ?? "")?.[1] ?? Number.NaN);
}

function throttled(
  progress: Progress | undefined,
  url: string,
  total: number | undefined,
): (bytes: number, done: boolean) => void {
  const file = decodeURIComponent(new URL(url).pathname.split("/").at(-1) ?? "");
  let last = 0;
  return (bytes, done) => {
    const now = Date.now();
    if (!done && now - last < 100) return;
    last = now;
    progress?.({ file, bytes, total });
  };
}

/** What a file is expected to be; as far as it is known. */
export type Expected = Pick<DownloadOptions, "bytes" | "sha256" | "gitBlob">;

function canBeChecked({ sha256, gitBlob }: Expected): boolean {
  return sha256 !== undefined || gitBlob !== undefined;
}

/** Whether a file is there and, as far as this is known, the expected one. */
export async function isIntact(path: string, expected: Expected): Promise<boolean> {
  return (await exists(path)) && (await mismatch(path, expected)) === undefined;
}

/** Why a file is not the expected one, or `undefined`. */
export async function mismatch(path: string, { bytes, sha256, gitBlob }: Expected): Promise<string | undefined> {
  const { size } = await stat(path);
  if (bytes !== undefined && size !== bytes) return `${size} bytes instead of ${bytes}`;
  for (const [algorithm, expected, prefix] of [
    ["sha256", sha256, ""],
    ["sha1", gitBlob, `blob ${size}\0`],
  ] as const) {
    if (expected !== undefined && (await digest(path, algorithm, prefix)) !== expected.toLowerCase()) {
      return `its ${algorithm} checksum is not ${expected}`;
    }
  }
  return undefined;
}

/** Hexadecimal digest of a file, read as a stream, with `prefix` in front of it. */
export async function digest(path: string, algorithm: "sha256" | "sha1", prefix = ""): Promise<string> {
  const hash = createHash(algorithm).update(prefix);
  try {
    for await (const piece of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(piece);
  } catch (error) {
    throw fileError(error, "read", path);
  }
  return hash.digest("hex");
}
