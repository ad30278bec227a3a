import { closeSync, openSync, readSync } from "node:fs";
import type { GgufVocabulary } from "../gguf.js";

/**
 * The vocabulary of a sound GGUF file, for tests of this room alone; the reader that trusts nothing is in `weights`.
 */
export function readGgufVocabulary(path: string): GgufVocabulary {
  const file = openSync(path, "r");
  const bytes = Buffer.alloc(4 << 20);
  readSync(file, bytes, 0, bytes.length, 0);
  closeSync(file);
  let at = 16;
  const u32 = (): number => bytes.readUInt32LE((at += 4) - 4);
  const u64 = (): number => Number(bytes.readBigUInt64LE((at += 8) - 8));
  const text = (): string => {
    const length = u64();
    return bytes.toString("utf8", at, (at += length));
  };
  const skip = [1, 1, 2, 2, 4, 4, 4, 1];
  const value = (type: number): unknown => {
    if (type === 8) return text();
    if (type === 4 || type === 5) return u32();
    if (type === 7) return bytes[at++] !== 0;
    if (type === 9) {
      const inner = u32();
      return Array.from({ length: u64() }, () => value(inner));
    }
    at += skip[type] ?? 8;
    return undefined;
  };
  const fields = new Map<string, unknown>();
  for (let left = u64(); left > 0; left--) fields.set(text(), value(u32()));
  const get = <T>(name: string): T => fields.get(`tokenizer.ggml.${name}`) as T;
  return {
    model: get("model"),
    pre: get("pre"),
    tokens: get("tokens"),
    types: get("token_type"),
    merges: get("merges"),
    bos: get("bos_token_id"),
    eos: get("eos_token_id"),
    padding: get("padding_token_id"),
    unknown: get("unknown_token_id"),
    addBos: get("add_bos_token"),
    addSpacePrefix: get("add_space_prefix"),
  };
}
