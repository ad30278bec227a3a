import { isUtf8 } from "node:buffer";
import type { PlainDType } from "../engine/ref.js";
import { UserError } from "../errors.js";
import { byteLength, isPlainDType, plainDTypes } from "./dtypes.js";

/**
 * Longest header read, in bytes, and most tensors in one file. The largest published checkpoints stay below 100 kB and
 * 2,000 tensors a file; together the two limits keep a hostile header under 200 MB of memory.
 */
export const maxHeaderBytes: number = 32 * 2 ** 20;
const maxTensors = 100_000;

/** One line of a safetensors header. Offsets are bytes from the end of the header. */
export type HeaderEntry = {
  readonly dtype: PlainDType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
};

export type Header = {
  readonly tensors: ReadonlyMap<string, HeaderEntry>;
  readonly metadata: Readonly<Record<string, string>>;
};

/**
 * Reads the JSON header of a safetensors file and checks it against the size of the data behind it.
 *
 * Format: `{"__metadata__": {string: string}, NAME: {"dtype", "shape", "data_offsets": [begin, end]}, …}`, padded with
 * spaces. The tensors must tile the data exactly, in any order. `JSON.parse` would keep the last of two equal names and
 * build any nesting before it could be judged, so the few forms the format allows are read straight from the bytes.
 *
 * @param bytes the header without its eight length bytes
 * @param dataBytes length of what follows the header, in bytes
 * @param where the file's name, for messages
 * @returns the tensors in the header's order, and the metadata
 * @throws UserError for anything the format does not allow
 * @see https://github.com/huggingface/safetensors#format
 */
export function parseHeader(bytes: Uint8Array, dataBytes: number, where: string): Header {
  if (!isUtf8(bytes)) throw new UserError("The safetensors header is not UTF-8 text", { where });
  const tensors = new Map<string, HeaderEntry>();
  let metadata: Record<string, string> | undefined;
  const scanner = new Scanner(bytes, where);
  scanner.object((name) => {
    if (name === "__metadata__") {
      if (metadata !== undefined) throw new UserError("The safetensors header has two __metadata__ entries", { where });
      metadata = readMetadata(scanner);
      return;
    }
    if (tensors.has(name))
      throw new UserError(`Tensor ${quote(name)} appears twice in the safetensors header`, { where });
    if (tensors.size === maxTensors)
      throw new UserError(`The safetensors header lists more than ${maxTensors} tensors`, { where });
    tensors.set(name, readEntry(scanner, name, where));
  });
  scanner.finish();
  checkTiling(tensors, dataBytes, where);
  return { tensors, metadata: metadata ?? {} };
}

function readMetadata(scanner: Scanner): Record<string, string> {
  const pairs = new Map<string, string>();
  scanner.object((key) => {
    if (pairs.has(key)) scanner.fail(`metadata key ${quote(key)} appears twice`);
    pairs.set(key, scanner.string("a text (safetensors metadata holds nothing else)"));
  });
  return Object.fromEntries(pairs);
}

function readEntry(scanner: Scanner, name: string, where: string): HeaderEntry {
  const at = `tensor ${quote(name)} in ${where}`;
  let dtype: string | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  scanner.object((key) => {
    if (key === "dtype" && dtype === undefined) dtype = scanner.string("the name of an element type");
    else if (key === "shape" && shape === undefined) shape = scanner.integers(64);
    else if (key === "data_offsets" && offsets === undefined) offsets = scanner.integers(2);
    else scanner.fail(`tensor ${quote(name)} has an unexpected or repeated field ${quote(key)}`);
  });
  if (dtype === undefined || shape === undefined || offsets?.length !== 2) {
    throw new UserError("Incomplete safetensors entry", { where: at, expected: "dtype, shape and two data_offsets" });
  }
  if (!isPlainDType(dtype)) {
    throw new UserError(`Unknown element type ${quote(dtype)}`, { where: at, expected: plainDTypes.join(", ") });
  }
  const [begin, end] = offsets;
  if (end - begin !== byteLength(dtype, shape)) {
    throw new UserError(`data_offsets span ${end - begin} bytes`, {
      where: at,
      expected: `${byteLength(dtype, shape)} bytes for ${dtype} [${shape.join(", ")}]`,
    });
  }
  return { dtype, shape, begin, end };
}

/** The tensors, ordered by offset, must cover the data without overlap, gap or remainder. */
function checkTiling(tensors: ReadonlyMap<string, HeaderEntry>, dataBytes: number, where: string): void {
  const ordered = [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const [name, { begin, end }] of ordered) {
    if (end > dataBytes) {
      throw new UserError(`Tensor ${quote(name)} ends at byte ${end} of ${dataBytes} data bytes`, {
        where,
        fix: "The file is truncated or its header is wrong: fetch it again",
      });
    }
    if (begin < covered) throw new UserError(`Tensor ${quote(name)} overlaps the one before it`, { where });
    if (begin > covered)
      throw new UserError(`There are ${begin - covered} unclaimed bytes before tensor ${quote(name)}`, { where });
    covered = end;
  }
  if (covered !== dataBytes) {
    throw new UserError(`${dataBytes - covered} bytes follow the last tensor`, {
      where,
      expected: "the tensors to fill the file",
    });
  }
}

/** A name from a file, safe to print: shortened, control characters escaped. */
export function quote(name: string): string {
  return JSON.stringify(name.length > 120 ? `${name.slice(0, 117)}…` : name);
}

/** A cursor over JSON text that reads only what its caller expects next. */
class Scanner {
  private at = 0;
  constructor(
    private readonly bytes: Uint8Array,
    private readonly where: string,
  ) {}

  fail(what: string): never {
    throw new UserError(`Bad safetensors header at byte ${this.at}: ${what}`, { where: this.where });
  }

  /** Reads `{ key: …, … }`, calling `value` to consume each value. */
  object(value: (key: string) => void): void {
    this.expect(0x7b, "{");
    if (this.peek() === 0x7d) {
      this.at++;
      return;
    }
    for (;;) {
      const key = this.string("a name in double quotes");
      this.expect(0x3a, ":");
      value(key);
      const next = this.peek();
      this.at++;
      if (next === 0x7d) return;
      if (next !== 0x2c) this.fail("expected , or }");
    }
  }

  /** Reads `[n, …]` of at most `limit` non-negative whole numbers. */
  integers(limit: number): number[] {
    this.expect(0x5b, "[");
    const numbers: number[] = [];
    if (this.peek() === 0x5d) {
      this.at++;
      return numbers;
    }
    for (;;) {
      if (numbers.length === limit) this.fail(`more than ${limit} numbers`);
      numbers.push(this.integer());
      const next = this.peek();
      this.at++;
      if (next === 0x5d) return numbers;
      if (next !== 0x2c) this.fail("expected , or ]");
    }
  }

  private integer(): number {
    this.peek();
    const start = this.at;
    let value = 0;
    for (let digit = this.bytes[this.at] - 48; digit >= 0 && digit <= 9; digit = this.bytes[++this.at] - 48) {
      value = value * 10 + digit;
      if (value > Number.MAX_SAFE_INTEGER) this.fail("a number beyond 2^53");
    }
    if (this.at === start) this.fail("expected a whole number ≥ 0");
    if (this.bytes[start] === 48 && this.at > start + 1) this.fail("a number with a leading zero");
    return value;
  }

  string(expected: string): string {
    if (this.peek() !== 0x22) this.fail(`expected ${expected}`);
    const start = ++this.at;
    let escaped = false;
    for (let byte = this.bytes[this.at]; byte !== 0x22; byte = this.bytes[++this.at]) {
      if (byte === undefined || byte < 0x20) this.fail("a text without its closing quote");
      if (byte === 0x5c) {
        escaped = true;
        this.at++;
      }
    }
    const text = Buffer.from(this.bytes.buffer, this.bytes.byteOffset + start, this.at - start).toString("utf8");
    this.at++;
    return escaped ? this.unescape(text) : text;
  }

  private unescape(text: string): string {
    let value: unknown;
    try {
      value = JSON.parse(`"${text}"`);
    } catch {
      this.fail("a text with a bad escape");
    }
    if (typeof value !== "string" || /\p{Surrogate}/u.test(value)) this.fail("a text with a lone surrogate");
    return value;
  }

  finish(): void {
    if (this.peek() !== undefined) this.fail("text after the closing }");
  }

  private expect(byte: number, character: string): void {
    if (this.peek() !== byte) this.fail(`expected ${character}`);
    this.at++;
  }

  /** The next byte that is not white space, without consuming it; `undefined` at the end. */
  private peek(): number | undefined {
    while (
      this.bytes[this.at] === 0x20 ||
      this.bytes[this.at] === 0x0a ||
      this.bytes[this.at] === 0x0d ||
      this.bytes[this.at] === 0x09
    )
      this.at++;
    return this.bytes[this.at];
  }
}
