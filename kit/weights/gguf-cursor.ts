import { isUtf8 } from "node:buffer";
import { readSync } from "node:fs";
import { UserError } from "../errors.js";
import { fileError } from "../source/files.js";

/** Longest GGUF header read, in bytes; vocabularies of 260,000 tokens with their merges need about 15 MB. */
const maxHeaderBytes = 64 * 2 ** 20;
/** Longest single text; chat templates and licences stay far below. */
const maxTextBytes = 4 * 2 ** 20;
const windowBytes = 2 ** 20;

/**
 * Reads a GGUF header front to back through a window of 1 MB, so that a length can be judged before memory is given to it.
 *
 * The header's memory is bounded: lengths are checked against the file and against fixed limits.
 */
export class Cursor {
  private window: Buffer = Buffer.alloc(0);
  private windowStart = 0;
  /** Next byte to read, from the start of the GGUF data. */
  position = 0;

  /**
   * @param descriptor an open file
   * @param start where the GGUF data begins in that file, in bytes
   * @param size its length in bytes
   * @param where its name, for messages
   */
  constructor(
    private readonly descriptor: number,
    private readonly start: number,
    private readonly size: number,
    private readonly where: string,
  ) {}

  fail(what: string, expected?: string): never {
    throw new UserError(`Bad GGUF header at byte ${this.position}: ${what}`, { where: this.where, expected });
  }

  u8 = (): number => this.take(1, (at) => this.window.readUInt8(at));
  i8 = (): number => this.take(1, (at) => this.window.readInt8(at));
  u16 = (): number => this.take(2, (at) => this.window.readUInt16LE(at));
  i16 = (): number => this.take(2, (at) => this.window.readInt16LE(at));
  u32 = (): number => this.take(4, (at) => this.window.readUInt32LE(at));
  i32 = (): number => this.take(4, (at) => this.window.readInt32LE(at));
  f32 = (): number => this.take(4, (at) => this.window.readFloatLE(at));
  f64 = (): number => this.take(8, (at) => this.window.readDoubleLE(at));
  u64 = (): bigint => this.take(8, (at) => this.window.readBigUInt64LE(at));
  i64 = (): bigint => this.take(8, (at) => this.window.readBigInt64LE(at));

  /** A 64-bit count or size, at most `limit`. */
  count(what: string, limit: number): number {
    const value = this.u64();
    if (value > BigInt(limit)) this.fail(`${what} is ${value}`, `at most ${limit}`);
    return Number(value);
  }

  text(what: string): string {
    const length = this.count(`the length of ${what}`, Math.min(maxTextBytes, this.size));
    return this.take(length, (at) => {
      const bytes = this.window.subarray(at, at + length);
      if (!isUtf8(bytes)) this.fail(`${what} is not UTF-8`);
      return bytes.toString("utf8");
    });
  }

  /** A copy of the next bytes; its buffer is its own, so that a typed array can be laid over it. */
  raw(length: number): Uint8Array {
    this.require(length);
    const out = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const step = Math.min(length - done, windowBytes);
      done += this.take(step, (at) => {
        out.set(this.window.subarray(at, at + step), done);
        return step;
      });
    }
    return out;
  }

  /** Fails unless so many bytes are left: asked before memory is set aside for them. */
  require(length: number): void {
    const end = this.position + length;
    if (end > this.size) this.fail(`the file ends at byte ${this.size}`, `${length} more bytes`);
    if (end > maxHeaderBytes) this.fail("the header is too long", `at most ${maxHeaderBytes} bytes`);
  }

  private take<T>(length: number, read: (at: number) => T): T {
    if (this.position + length > this.windowStart + this.window.length) this.refill(length);
    const value = read(this.position - this.windowStart);
    this.position += length;
    return value;
  }

  private refill(length: number): void {
    this.require(length);
    const wanted = Math.min(Math.max(length, windowBytes), this.size - this.position);
    const window = Buffer.alloc(wanted);
    let filled = 0;
    while (filled < wanted) {
      let count = 0;
      try {
        count = readSync(this.descriptor, window, filled, wanted - filled, this.start + this.position + filled);
      } catch (error) {
        throw fileError(error, "read", this.where);
      }
      if (count === 0) this.fail("the file became shorter while it was read");
      filled += count;
    }
    this.window = window;
    this.windowStart = this.position;
  }
}
