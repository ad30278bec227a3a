/** What a model remembers while decoding: in one size for some mixers, growing for attention. */
import { expect, it } from "vitest";
import { Decoder, init, type MixerSpec } from "./index.js";
import { configOf, dense, mixerExamples } from "./testing/examples.js";

/** Tokens after which the bytes of the state are looked at: read one by one, then as a long prompt and ten more. */
type Lengths = { readonly early: number; readonly stepped: number; readonly prompted: number };

function bytesAt(mixer: MixerSpec, { early, stepped, prompted }: Lengths): Readonly<Record<keyof Lengths, number>> {
  const model = init({ ...configOf(mixer, dense, 1, 8), context: 10_000 }, 0);
  const decoder = new Decoder(model, { backend: "graph" });
  const prompt = (length: number): void =>
    void decoder.prompt([Int32Array.from({ length }, (_, i) => i % model.config.vocab)]);
  const readTo = (length: number): number => {
    while (decoder.length < length) decoder.next([decoder.length % model.config.vocab]);
    return decoder.stateBytes;
  };
  prompt(3);
  const bytes = { early: readTo(early), stepped: readTo(stepped) };
  prompt(prompted - 10);
  const last = readTo(prompted);
  decoder.reset();
  expect(decoder.stateBytes).toBe(0);
  return { ...bytes, prompted: last };
}

/**
 * How far each kind is read, and whether what it remembers has one size. A thousand single tokens pass every kind of upkeep
 * of the caches. Attention compares every token of a prompt with every other, hence its shorter one; differential attention
 * has the cache of attention, and would take as long.
 */
const kinds: Readonly<Partial<Record<MixerSpec["kind"], Lengths & { readonly constant: boolean }>>> = {
  attention: { early: 10, stepped: 1_000, prompted: 2_000, constant: false },
  gatedConv: { early: 10, stepped: 1_000, prompted: 10_000, constant: true },
  gatedDeltaNet: { early: 10, stepped: 1_000, prompted: 10_000, constant: true },
};

const cases = Object.values(mixerExamples).flatMap((examples) => {
  const first: MixerSpec = Object.values<MixerSpec>(examples)[0];
  // Of a long prompt, fewer chunks than the 8 tokens of the examples make.
  const mixer: MixerSpec = first.kind === "gatedDeltaNet" ? { ...first, chunk: 128 } : first;
  const lengths = kinds[mixer.kind];
  return lengths === undefined ? [] : [[mixer.kind, mixer, lengths] as const];
});

it.each(cases)("%s: from token 10 to the last", (_, mixer, lengths) => {
  const { early, stepped, prompted } = bytesAt(mixer, lengths);
  expect(early).toBeGreaterThan(0);
  if (lengths.constant) expect([stepped, prompted]).toEqual([early, early]);
  // Keys and values of every token: 2 key heads of width 4, float32.
  else
    for (const [tokens, bytes] of [
      [lengths.stepped, stepped],
      [lengths.prompted, prompted],
    ]) {
      expect(bytes - early).toBeGreaterThanOrEqual((tokens - 2 * 256) * 2 * 2 * 4 * 4);
    }
});
