import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { crc32 } from "node:zlib";
import yauzl from "yauzl";
import { UserError } from "../errors.js";
import { fileError, makeFolder, writeAtomically, writeFully } from "../source/files.js";
import type { GgufSpan } from "./gguf.js";
import { quote } from "./safetensors-header.js";

/** A file inside a zip archive (a wheel is one). */
export type ZipEntry = { readonly name: string; readonly bytes: number; readonly compressed: boolean };

/**
 * Lists the files of a zip archive.
 *
 * @throws UserError when the archive is damaged or holds more than 100,000 files
 */
export async function listZip(path: string): Promise<ZipEntry[]> {
  return await withZip(path, async (zip) => (await entriesOf(zip, path)).map(describe));
}

/**
 * Finds a file inside a zip archive as a span of bytes that can be read in place.
 *
 * A stored entry is read where it lies. A compressed one is inflated once into `cache`, checked against the archive's
 * length and CRC-32, and takes its name there only when complete.
 *
 * @param path the archive
 * @param name the entry's name
 * @param cache folder for an inflated copy
 * @throws UserError when the entry is missing, encrypted, or does not match its checksum
 */
export async function zipSpan(path: string, name: string, cache: string): Promise<GgufSpan> {
  return await withZip(path, async (zip) => {
    const entry = (await entriesOf(zip, path)).find((one) => one.fileName === name);
    if (entry === undefined) throw new UserError(`${path} holds no ${quote(name)}`);
    if (entry.isEncrypted()) throw new UserError(`${quote(name)} is encrypted`, { where: path });
    if (entry.compressionMethod === 0) return await storedSpan(zip, path, entry);
    if (entry.compressionMethod === 8) return await inflated(zip, path, entry, cache);
    throw new UserError(`${quote(name)} is compressed by method ${entry.compressionMethod}`, {
      where: path,
      expected: "stored or deflated",
    });
  });
}

function describe(entry: yauzl.Entry): ZipEntry {
  return { name: entry.fileName, bytes: entry.uncompressedSize, compressed: entry.compressionMethod !== 0 };
}

async function withZip<T>(path: string, use: (zip: yauzl.ZipFile) => Promise<T>): Promise<T> {
  let zip: yauzl.ZipFile;
  try {
    zip = await yauzl.openPromise(path, { autoClose: false });
  } catch (error) {
    throw damaged(error, path);
  }
  try {
    return await use(zip);
  } finally {
    zip.close();
  }
}

async function entriesOf(zip: yauzl.ZipFile, path: string): Promise<yauzl.Entry[]> {
  const found: yauzl.Entry[] = [];
  try {
    for await (const entry of zip.eachEntry()) {
      found.push(entry);
      if (found.length > 100_000) throw new UserError(`${path} holds more than 100,000 files`);
    }
  } catch (error) {
    throw damaged(error, path);
  }
  return found;
}

async function storedSpan(zip: yauzl.ZipFile, path: string, entry: yauzl.Entry): Promise<GgufSpan> {
  const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true }).catch((error) => {
    throw damaged(error, path);
  });
  if (fileDataStart + entry.uncompressedSize > (await stat(path)).size)
    throw damaged(new Error("an entry passes its end"), path);
  return { file: path, offset: fileDataStart, bytes: entry.uncompressedSize };
}

async function inflated(zip: yauzl.ZipFile, path: string, entry: yauzl.Entry, cache: string): Promise<GgufSpan> {
  // Named by content: another archive with the same file shares it, a changed one does not.
  const copy = join(cache, `${entry.crc32.toString(16).padStart(8, "0")}-${basename(entry.fileName)}`);
  const bytes = entry.uncompressedSize;
  const present = await stat(copy).catch(() => undefined);
  if (present?.size === bytes) return { file: copy, offset: 0, bytes };
  await makeFolder(cache);
  await writeAtomically(copy, async (handle) => {
    let [checksum, position] = [0, 0];
    try {
      // yauzl itself stops a stream that inflates to more than the archive promised.
      for await (const piece of await zip.openReadStreamPromise(entry)) {
        checksum = crc32(piece, checksum);
        await writeFully(handle, piece, position, copy);
        position += piece.length;
      }
    } catch (error) {
      throw damaged(error, path);
    }
    if (checksum !== entry.crc32)
      throw damaged(new Error(`${quote(entry.fileName)} does not match its checksum`), path);
  });
  return { file: copy, offset: 0, bytes };
}

/** Errors of the zip library are about the archive, not about the kit. */
function damaged(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || error instanceof UserError) return error;
  if ("syscall" in error) return fileError(error, "read", path);
  return new UserError(`The archive ${path} is damaged: ${error.message}`, { fix: "Fetch it again" });
}
