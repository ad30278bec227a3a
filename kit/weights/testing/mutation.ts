import fc from "fast-check";

export type Mutate = (bytes: Uint8Array) => Uint8Array;

/** One small damage to a file: bytes changed, cut, repeated, moved, inserted, numbers rewritten. */
export function mutation(dictionary: readonly Uint8Array[]): fc.Arbitrary<Mutate> {
  // Positions are fractions, so that one mutation means something for files of any length; half lie near the start.
  const place = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 0.1, noNaN: true }));
  const at = (bytes: Uint8Array, fraction: number): number => Math.floor(fraction * bytes.length);
  const spliced = (bytes: Uint8Array, start: number, remove: number, insert: Uint8Array): Uint8Array =>
    Buffer.concat([bytes.subarray(0, start), insert, bytes.subarray(start + remove)]);
  return fc.oneof(
    fc.tuple(place, fc.integer({ min: 0, max: 255 })).map(
      ([where, value]): Mutate =>
        (bytes) =>
          spliced(bytes, at(bytes, where), 1, Uint8Array.of(value)),
    ),
    fc.tuple(place, fc.integer({ min: 0, max: 7 })).map(
      ([where, bit]): Mutate =>
        (bytes) => {
          const start = at(bytes, where);
          return bytes.length === 0 ? bytes : spliced(bytes, start, 1, Uint8Array.of((bytes[start] ?? 0) ^ (1 << bit)));
        },
    ),
    place.map(
      (where): Mutate =>
        (bytes) =>
          bytes.subarray(0, at(bytes, where)),
    ),
    fc.tuple(place, fc.integer({ min: 1, max: 40 })).map(
      ([where, length]): Mutate =>
        (bytes) =>
          spliced(bytes, at(bytes, where), length, new Uint8Array(0)),
    ),
    fc.tuple(place, place, fc.integer({ min: 1, max: 60 })).map(
      ([from, to, length]): Mutate =>
        (bytes) => {
          const start = at(bytes, from);
          return spliced(bytes, at(bytes, to), 0, bytes.slice(start, start + length));
        },
    ),
    fc.tuple(place, fc.constantFrom(...dictionary)).map(
      ([where, piece]): Mutate =>
        (bytes) =>
          spliced(bytes, at(bytes, where), 0, piece),
    ),
    fc.tuple(place, fc.uint8Array({ minLength: 1, maxLength: 16 })).map(
      ([where, piece]): Mutate =>
        (bytes) =>
          spliced(bytes, at(bytes, where), piece.length, piece),
    ),
    fc.tuple(fc.nat(20), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })).map(
      ([digit, value]): Mutate =>
        (bytes) => {
          // The n-th run of digits becomes another number: the lies that matter in a header.
          let seen = 0;
          const text = Buffer.from(bytes).toString("latin1");
          const changed = text.replace(/\d+/g, (number) =>
            seen++ === digit ? String(value >> BigInt(Number(value & 63n))) : number,
          );
          return Buffer.from(changed, "latin1");
        },
    ),
  );
}
