/** What a model remembers while decoding: in one size for some mixers, growing for attention. */
import { expect, it } from "vitest";
import { Decoder, init, type MixerSpec } from "./index.js";
import { configOf, dense, mixerExamples } from "./testing/examples.js";

/** Bytes of the state after 10 tokens and after 10,000. */
function bytesAt10And10000(mixer: MixerSpec): [number, number] {
  const model = init({ ...configOf(mixer, dense, 1, 8), context: 10_000 }, 0);
  const decoder = new Decoder(model, { backend: "graph" });
  decoder.prompt([[1, 2, 3]]);
  const readTo = (length: number): number => {
    while (decoder.length < length) decoder.next([decoder.length % model.config.vocab]);
    return decoder.stateBytes;
  };
  const bytes: [number, number] = [readTo(10), readTo(10_000)];
  decoder.reset();
  expect(decoder.stateBytes).toBe(0);
  return bytes;
}

/** Whether what a kind remembers has one size. Differential attention has the cache of attention, and would take as long. */
const constant: Readonly<Partial<Record<MixerSpec["kind"], boolean>>> = {
  attention: false,
  gatedConv: true,
  gatedDeltaNet: true,
};

const cases = Object.values(mixerExamples)
  .map((examples): MixerSpec => Object.values<MixerSpec>(examples)[0])
  .filter(({ kind }) => kind in constant);

it.each(cases.map((mixer) => [mixer.kind, mixer] as const))("%s: from token 10 to token 10,000", (kind, mixer) => {
  const [early, late] = bytesAt10And10000(mixer);
  expect(early).toBeGreaterThan(0);
  if (constant[kind]) expect(late).toBe(early);
  // Keys and values of every token: 2 key heads of width 4, float32.
  else expect(late - early).toBeGreaterThanOrEqual((10_000 - 2 * 256) * 2 * 2 * 4 * 4);
});
