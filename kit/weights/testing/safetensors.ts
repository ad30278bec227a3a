/** Builds a safetensors file by hand, so that tests do not trust the writer they test, nor its promises. */
export function safetensorsBytes(header: string | Uint8Array, data: Uint8Array, declared?: bigint): Uint8Array {
  const text = typeof header === "string" ? Buffer.from(header) : header;
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(declared ?? BigInt(text.length));
  return Buffer.concat([prefix, text, data]);
}
