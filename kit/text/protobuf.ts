import { UserError } from "../errors.js";

/** One field of a protocol buffer message: an integer, four bytes as a float, or raw bytes. */
export type Field = { readonly number: number; readonly value: number | Uint8Array; readonly float?: number };

/**
 * The fields of a protocol buffer message in the order they are stored.
 *
 * @param bytes the message
 * @param where what to name in an error
 * @yields field number and value; 32-bit values also read as a float
 * @throws UserError when the bytes are no message
 */
export function* fields(bytes: Uint8Array, where: string): Generator<Field> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const damaged = (): UserError =>
    new UserError("this is no SentencePiece model", { where, expected: "a protocol buffer (tokenizer.model)" });
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= bytes.length) throw damaged();
      const byte = bytes[at++];
      // Multiplied, not shifted: a negative number is stored as ten bytes.
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw damaged();
  };
  const take = (length: number): Uint8Array => {
    if (length > bytes.length - at) throw damaged();
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const key = varint();
    const number = Math.floor(key / 8);
    if (number === 0) throw damaged();
    switch (key % 8) {
      case 0:
        yield { number, value: varint() };
        break;
      case 1:
        yield { number, value: take(8) };
        break;
      case 2:
        yield { number, value: take(varint()) };
        break;
      case 5: {
        if (bytes.length - at < 4) throw damaged();
        const float = view.getFloat32(at, true);
        yield { number, value: take(4), float };
        break;
      }
      default:
        throw damaged();
    }
  }
}
