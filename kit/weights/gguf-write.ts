import { UserError } from "../errors.js";
import { type Put, writeLargeFile } from "../source/large-file.js";
import { bytesOf } from "./chunks.js";
import { byteLength } from "./dtypes.js";
import { quote } from "./safetensors-header.js";

/** A metadata value with its GGUF type. */
export type GgufField =
  | { readonly u32: number }
  | { readonly f32: number }
  | { readonly flag: boolean }
  | { readonly text: string }
  | { readonly texts: readonly string[] }
  | { readonly i32s: ArrayLike<number> }
  | { readonly f32s: ArrayLike<number> };

/** Element types that are written, with ggml's numbers for them. */
export const ggufTypes = { F32: 0, F16: 1, Q8_0: 8, BF16: 30 } as const;

export type GgufType = keyof typeof ggufTypes;

/** A tensor to write: `bytes` is asked when its turn comes, so that one is held at a time. */
export type GgufSource = {
  readonly name: string;
  readonly type: GgufType;
  readonly shape: readonly number[];
  readonly bytes: () => Uint8Array;
};

/** Bytes at whose multiples tensors begin. */
const alignment = 32;

/**
 * Writes a GGUF file, version 3. It takes its name only when complete.
 *
 * @param file path of the file to make or replace
 * @param metadata key and value pairs, in order
 * @param tensors in order; shapes outermost first, as everywhere in the kit
 * @throws UserError when a tensor's bytes do not fill its shape, or the disk refuses
 * @see https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
export async function writeGguf(
  file: string,
  metadata: readonly (readonly [key: string, value: GgufField])[],
  tensors: readonly GgufSource[],
): Promise<void> {
  const pairs = metadata.flatMap(([key, value]) => [text(key), ...field(value)]);
  let offset = 0;
  const infos = tensors.flatMap(({ name, type, shape }) => {
    const info = [text(name), u32(shape.length), ...[...shape].reverse().map(u64), u32(ggufTypes[type]), u64(offset)];
    offset += aligned(byteLength(type, shape));
    return info;
  });
  const counts = [u64(tensors.length), u64(metadata.length)];
  const header = Buffer.concat([Buffer.from("GGUF"), u32(3), ...counts, ...pairs, ...infos]);
  await writeLargeFile(file, async (put) => {
    await putPadded(put, header);
    for (const { name, type, shape, bytes } of tensors) {
      const content = bytes();
      if (content.byteLength !== byteLength(type, shape))
        throw new UserError(`Tensor ${quote(name)} has ${content.byteLength} bytes`, {
          expected: `[${shape}] of ${type}`,
        });
      await putPadded(put, content);
    }
  });
}

async function putPadded(put: Put, bytes: Uint8Array): Promise<void> {
  await put(bytes);
  await put(new Uint8Array(aligned(bytes.byteLength) - bytes.byteLength));
}

function aligned(length: number): number {
  return Math.ceil(length / alignment) * alignment;
}

function u32(value: number): Uint8Array {
  return bytesOf(Uint32Array.of(value));
}

function u64(value: number): Uint8Array {
  return bytesOf(BigUint64Array.of(BigInt(value)));
}

function text(value: string): Uint8Array {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}

/** The type's number, and the value; of a list 9, the type of its items, how many there are, and these. */
function field(value: GgufField): Uint8Array[] {
  if ("u32" in value) return [u32(4), u32(value.u32)];
  if ("f32" in value) return [u32(6), bytesOf(Float32Array.of(value.f32))];
  if ("flag" in value) return [u32(7), Uint8Array.of(value.flag ? 1 : 0)];
  if ("text" in value) return [u32(8), text(value.text)];
  if ("texts" in value) return [u32(9), u32(8), u64(value.texts.length), ...value.texts.map(text)];
  if ("i32s" in value) return [u32(9), u32(5), u64(value.i32s.length), bytesOf(Int32Array.from(value.i32s))];
  return [u32(9), u32(6), u64(value.f32s.length), bytesOf(Float32Array.from(value.f32s))];
}
