import { UserError } from "../errors.js";
import { byteOfToken } from "./bpe.js";
import { byteLevelBytes } from "./byteLevel.js";
import { asList, asRecord, asString, type JsonRecord } from "./record.js";

/** How tokens become bytes, and how many spaces fall away in front of a text. */
export type Decoding = { readonly bytes: (token: string) => Uint8Array; readonly leading: number };

/**
 * The `decoder` of a `tokenizer.json` as a function from one token to its bytes.
 *
 * Every decoder that works token by token is supported. Deliberate deviation: bytes that are no UTF-8 are read as one
 * run, where `tokenizers` replaces each byte of a damaged run of `<0xNN>` tokens, also the sound ones.
 *
 * @param config the value of `decoder`
 * @returns the function
 * @throws UserError for a decoder whose result depends on more than the token
 */
export function decoding(config: unknown): Decoding {
  const record = config === null || config === undefined ? { type: "null" } : asRecord(config, "decoder");
  const steps =
    record.type === "Sequence"
      ? asList(record.decoders, "decoder.decoders").map((step) => asRecord(step, "decoder.decoders"))
      : [record];
  const rewrites: ((token: string) => string)[] = [];
  let byteLevel = false;
  let byteFallback = false;
  let fused = false;
  let leading = 0;
  for (const step of steps) {
    switch (step.type) {
      case "ByteLevel":
        byteLevel = true;
        break;
      case "ByteFallback":
        byteFallback = true;
        break;
      case "Fuse":
        fused = true;
        break;
      case "Replace":
        rewrites.push(replacement(step));
        break;
      case "Metaspace": {
        const mark = asString(step.replacement ?? "▁", "decoder.replacement");
        rewrites.push((token) => token.replaceAll(mark, " "));
        const scheme = step.prepend_scheme ?? ((step.add_prefix_space ?? true) ? "always" : "never");
        leading = scheme === "never" ? 0 : 1;
        break;
      }
      case "Strip":
        if (!fused || step.content !== " " || step.stop !== 0) throw unsupported("Strip");
        leading = typeof step.start === "number" ? step.start : 0;
        break;
      default:
        throw unsupported(String(step.type));
    }
  }
  if (byteLevel) {
    if (steps.length > 1) throw unsupported("a Sequence around ByteLevel");
    return { bytes: byteLevelBytes, leading: 0 };
  }
  const encoder = new TextEncoder();
  return {
    leading,
    bytes(token) {
      const text = rewrites.reduce((part, rewrite) => rewrite(part), token);
      const byte = byteFallback ? byteOfToken(text) : undefined;
      return byte === undefined ? encoder.encode(text) : Uint8Array.of(byte);
    },
  };
}

function replacement(step: JsonRecord): (token: string) => string {
  const pattern = asRecord(step.pattern, "decoder.pattern");
  if (pattern.String === undefined) throw unsupported("Replace with an expression");
  const from = asString(pattern.String, "decoder.pattern.String");
  const to = asString(step.content, "decoder.content");
  // Across tokens a longer pattern could match what it matches in none of them.
  if ([...from].length !== 1) throw unsupported("Replace of several characters");
  return (token) => token.replaceAll(from, to);
}

function unsupported(name: string): UserError {
  return new UserError(`the decoder ${name} is not supported`, {
    where: "decoder",
    expected: "ByteLevel, Metaspace, or Replace, ByteFallback, Fuse and Strip in a Sequence",
  });
}
