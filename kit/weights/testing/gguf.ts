/** Metadata values by their GGUF type. */
export type Typed =
  | { readonly u32: number }
  | { readonly u64: bigint }
  | { readonly f32: number }
  | { readonly bool: boolean }
  | { readonly text: string }
  | { readonly texts: readonly string[] }
  | { readonly i32s: readonly number[] }
  | { readonly f32s: readonly number[] };

export type GgufParts = {
  readonly version?: number;
  readonly metadata: readonly (readonly [string, Typed])[];
  /** Sizes innermost first, as in the file. */
  readonly tensors: readonly {
    readonly name: string;
    readonly sizes: readonly number[];
    readonly type: number;
    readonly data: Uint8Array;
    readonly offset?: number;
  }[];
  readonly alignment?: number;
};

const u32 = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer);
const u64 = (value: number | bigint): Buffer => Buffer.from(BigUint64Array.of(BigInt(value)).buffer);
const f32 = (value: number): Buffer => Buffer.from(Float32Array.of(value).buffer);
const text = (value: string): Buffer => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);

function typed(value: Typed): Buffer[] {
  if ("u32" in value) return [u32(4), u32(value.u32)];
  if ("u64" in value) return [u32(10), u64(value.u64)];
  if ("f32" in value) return [u32(6), f32(value.f32)];
  if ("bool" in value) return [u32(7), Buffer.from([value.bool ? 1 : 0])];
  if ("text" in value) return [u32(8), text(value.text)];
  if ("texts" in value) return [u32(9), u32(8), u64(value.texts.length), ...value.texts.map(text)];
  if ("i32s" in value) return [u32(9), u32(5), u64(value.i32s.length), Buffer.from(Int32Array.from(value.i32s).buffer)];
  return [u32(9), u32(6), u64(value.f32s.length), Buffer.from(Float32Array.from(value.f32s).buffer)];
}

/** Builds a GGUF file by hand, from the specification. */
export function ggufBytes({ version = 3, metadata, tensors, alignment = 32 }: GgufParts): Uint8Array {
  const padded = (length: number): number => Math.ceil(length / alignment) * alignment;
  const infos: Buffer[] = [];
  const data: Buffer[] = [];
  let offset = 0;
  for (const tensor of tensors) {
    infos.push(
      text(tensor.name),
      u32(tensor.sizes.length),
      ...tensor.sizes.map(u64),
      u32(tensor.type),
      u64(tensor.offset ?? offset),
    );
    data.push(Buffer.from(tensor.data), Buffer.alloc(padded(tensor.data.length) - tensor.data.length));
    offset += padded(tensor.data.length);
  }
  const pairs = metadata.flatMap(([key, value]) => [text(key), ...typed(value)]);
  const header = Buffer.concat([
    Buffer.from("GGUF"),
    u32(version),
    u64(tensors.length),
    u64(metadata.length),
    ...pairs,
    ...infos,
  ]);
  return Buffer.concat([header, Buffer.alloc(padded(header.length) - header.length), ...data]);
}

/** Metadata of a Llama of one layer: width 4, two query heads and one key head of width 2, MLP 6, vocabulary 3. */
export const tinyMetadata: readonly (readonly [string, Typed])[] = [
  ["general.architecture", { text: "llama" }],
  ["llama.context_length", { u32: 16 }],
  ["llama.embedding_length", { u32: 4 }],
  ["llama.block_count", { u32: 1 }],
  ["llama.feed_forward_length", { u32: 6 }],
  ["llama.attention.head_count", { u32: 2 }],
  ["llama.attention.head_count_kv", { u32: 1 }],
  ["llama.attention.layer_norm_rms_epsilon", { f32: 1e-5 }],
  ["llama.rope.freq_base", { f32: 50_000 }],
];

/** Float32 tensors of that Llama; each value is its position in its tensor. */
export const tinyTensors: GgufParts["tensors"] = (
  [
    ["token_embd.weight", [4, 3]],
    ["blk.0.attn_norm.weight", [4]],
    ["blk.0.attn_q.weight", [4, 4]],
    ["blk.0.attn_k.weight", [4, 2]],
    ["blk.0.attn_v.weight", [4, 2]],
    ["blk.0.attn_output.weight", [4, 4]],
    ["blk.0.ffn_norm.weight", [4]],
    ["blk.0.ffn_gate.weight", [4, 6]],
    ["blk.0.ffn_up.weight", [4, 6]],
    ["blk.0.ffn_down.weight", [6, 4]],
    ["output_norm.weight", [4]],
  ] as const
).map(([name, sizes]) => {
  const count = sizes.reduce<number>((a, b) => a * b, 1);
  const data = new Uint8Array(Float32Array.from({ length: count }, (_, i) => i).buffer);
  return { name, sizes, type: 0, data };
});
