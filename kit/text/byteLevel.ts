/**
 * The printable character that stands for each byte in a byte-level vocabulary.
 *
 * Printable Latin-1 stands for itself, the other 68 bytes for U+0100 onwards; a space is `Ġ`, a line feed `Ċ`.
 * Source: GPT-2's `bytes_to_unicode`.
 */
export const byteCharacters: readonly string[] = makeByteCharacters();

const byteOf: ReadonlyMap<string, number> = new Map(byteCharacters.map((character, byte) => [character, byte]));

/**
 * The bytes a byte-level token stands for; a token with a character outside the alphabet stands for its own UTF-8.
 *
 * @param token token as the vocabulary spells it
 * @returns its bytes
 */
export function byteLevelBytes(token: string): Uint8Array {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = byteOf.get(token[i]);
    if (byte === undefined) return new TextEncoder().encode(token);
    bytes[i] = byte;
  }
  return bytes;
}

/** A text's UTF-8 bytes spelt in the byte-level alphabet. */
export function byteLevelSpelling(text: string): string {
  let spelling = "";
  for (const byte of new TextEncoder().encode(text)) spelling += byteCharacters[byte];
  return spelling;
}

/** The pattern that GPT-2 splits a text by, in the dialect of `tokenizer.json`. */
export const GPT2_PATTERN = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

function makeByteCharacters(): string[] {
  const characters: string[] = [];
  let next = 256;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
    characters.push(String.fromCharCode(printable ? byte : next++));
  }
  return characters;
}
