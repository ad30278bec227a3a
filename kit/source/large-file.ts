import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { sweepDrafts } from "./drafts.js";
import { exists, writeAtomically, writeFully } from "./files.js";

/** Takes the bytes of a file piece after piece. They may be changed once the promise has come true. */
export type Put = (bytes: Uint8Array) => Promise<void>;

/** Bytes written at once; blocks lie at multiples of it, in the file and in memory. */
const blockBytes = 4 * 2 ** 20;

/**
 * Writes a large file from its first byte to its last, atomically as {@link writeAtomically}.
 *
 * Where the system lets it, whole blocks go to the disk past the page cache: nothing is copied, nothing that others have
 * there is pushed out, and no gigabytes are left to wait for at the end. One block is filled while another is written.
 * Elsewhere (macOS, file systems without direct access) the same blocks are written as ever. Memory: two blocks. Drafts of the
 * same file that killed processes left are removed first.
 *
 * @param path the file to make or replace
 * @param fill puts all bytes, awaiting each piece
 * @throws UserError when the disk refuses
 */
export async function writeLargeFile(path: string, fill: (put: Put) => Promise<void>): Promise<void> {
  await sweepDrafts(path, await exists(path));
  await writeAtomically(path, async (handle, temporary) => {
    const direct = await openDirect(temporary);
    try {
      const blocks = new Blocks({ handle, direct, path });
      await fill((bytes) => blocks.put(bytes)).finally(() => blocks.settled());
      await blocks.end();
    } finally {
      await direct?.close();
    }
  });
}

/** The file once more, for writes past the page cache; `undefined` where there is no such thing. */
async function openDirect(path: string): Promise<FileHandle | undefined> {
  if (constants.O_DIRECT === undefined) return undefined;
  return await open(path, constants.O_WRONLY | constants.O_DIRECT).catch(() => undefined);
}

/** The file being written: direct access takes whole blocks only, its end goes through `handle`. */
type Target = { readonly handle: FileHandle; readonly direct: FileHandle | undefined; readonly path: string };

/** Gathers pieces into blocks and writes these. A class, because it fills one block while another is on its way. */
class Blocks {
  private readonly free: Uint8Array[] = alignedBlocks(2);
  private block: Uint8Array = this.free.pop()!;
  private filled = 0;
  private position = 0;
  private writing: Promise<void> = Promise.resolve();
  private direct: FileHandle | undefined;

  constructor(private readonly target: Target) {
    this.direct = target.direct;
  }

  async put(bytes: Uint8Array): Promise<void> {
    for (let start = 0; start < bytes.byteLength; ) {
      const part = bytes.subarray(start, start + blockBytes - this.filled);
      this.block.set(part, this.filled);
      this.filled += part.byteLength;
      start += part.byteLength;
      if (this.filled === blockBytes) await this.turn();
    }
  }

  /** Sends the full block on its way, once the one before has arrived. */
  private async turn(): Promise<void> {
    await this.writing;
    const [full, position] = [this.block, this.position];
    this.writing = this.write(full, position).then(() => void this.free.push(full));
    // Whoever awaits it next gets the failure; until then it must not end the process.
    this.writing.catch(() => undefined);
    this.position += blockBytes;
    this.filled = 0;
    this.block = this.free.pop()!;
  }

  private async write(block: Uint8Array, position: number): Promise<void> {
    if (this.direct !== undefined) {
      const count = await this.direct.write(block, 0, blockBytes, position).catch(() => undefined);
      if (count?.bytesWritten === blockBytes) return;
      // A file system may open a file this way and still refuse; a full disk is told by the ordinary write.
      this.direct = undefined;
    }
    await writeFully(this.target.handle, block, position, this.target.path);
  }

  /** Waits until no write is under way, whatever became of it. */
  async settled(): Promise<void> {
    await this.writing.catch(() => undefined);
  }

  /** Writes what is left. */
  async end(): Promise<void> {
    await this.writing;
    await writeFully(this.target.handle, this.block.subarray(0, this.filled), this.position, this.target.path);
  }
}

/**
 * Direct access wants blocks to begin where a page does, as the memory of WebAssembly does. Where too little address space is
 * allowed for one (`ulimit -v`), blocks lie anywhere, and direct access refuses them.
 */
function alignedBlocks(count: number): Uint8Array[] {
  let memory: ArrayBuffer;
  try {
    memory = new WebAssembly.Memory({ initial: (count * blockBytes) / 2 ** 16 }).buffer;
  } catch {
    memory = new ArrayBuffer(count * blockBytes);
  }
  return Array.from({ length: count }, (_, i) => new Uint8Array(memory, i * blockBytes, blockBytes));
}
