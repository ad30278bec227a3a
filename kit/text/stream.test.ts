import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TextStream } from "./stream.js";
import { realTokenizers, smallTokenizer } from "./testing/tokenizers.js";
import type { Tokenizer } from "./tokenizer.js";

const tokenizers: readonly (readonly [string, Tokenizer])[] = [["small", smallTokenizer()], ...realTokenizers()];

function streamed(stream: TextStream, ids: Iterable<number>): string {
  let text = "";
  for (const id of ids) text += stream.push(id);
  return text + stream.flush();
}

describe.each(tokenizers)("streaming %s", (_, tokenizer) => {
  const text = fc.string({ unit: "binary", maxLength: 30 });

  it("equals decoding all at once, for texts and for any ids", () => {
    const anyIds = fc.array(fc.nat(tokenizer.vocab - 1), { maxLength: 30 });
    fc.assert(
      fc.property(
        fc.oneof(
          text.map((t) => [...tokenizer.encode(t, { addSpecial: true })]),
          anyIds,
        ),
        (ids) => {
          for (const skipSpecial of [true, false]) {
            expect(streamed(new TextStream(tokenizer, { skipSpecial }), ids)).toBe(
              tokenizer.decode(ids, { skipSpecial }),
            );
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it("gives whole characters only", () => {
    fc.assert(
      fc.property(text, (t) => {
        const stream = new TextStream(tokenizer);
        for (const id of tokenizer.encode(t)) {
          const piece = stream.push(id);
          expect(piece).not.toMatch(/\p{Surrogate}/u);
          if (tokenizer.decode(tokenizer.encode(t)) === t && !t.includes("\ufffd"))
            expect(piece).not.toContain("\ufffd");
        }
      }),
      { numRuns: 200 },
    );
  });

  it("continues a prompt without repeating or trimming it", () => {
    fc.assert(
      fc.property(text, fc.nat(30), (t, cut) => {
        const ids = tokenizer.encode(t);
        const after = ids.subarray(0, cut);
        const head = new TextStream(tokenizer);
        let said = "";
        for (const id of after) said += head.push(id);
        expect(said + streamed(new TextStream(tokenizer, { after }), ids.subarray(cut))).toBe(
          tokenizer.decode(ids, { skipSpecial: true }),
        );
      }),
      { numRuns: 200 },
    );
  });
});

describe("stop strings", () => {
  const tokenizer = smallTokenizer();

  it("end the text before the one that is complete first, however it was cut", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", "🙂"), maxLength: 20 });
    const stops = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "🙂"), minLength: 1, maxLength: 4 }), {
      maxLength: 3,
    });
    fc.assert(
      fc.property(letters, stops, (text, stop) => {
        const stream = new TextStream(tokenizer, { stop });
        const ends = stop
          .map((s) => ({ at: text.indexOf(s), end: text.indexOf(s) + s.length }))
          .filter(({ at }) => at >= 0);
        const first = ends.sort((x, y) => x.end - y.end || x.at - y.at)[0];
        expect(streamed(stream, tokenizer.encode(text))).toBe(text.slice(0, first?.at ?? text.length));
        expect(stream.stopped === undefined).toBe(first === undefined);
      }),
      { numRuns: 1000 },
    );
  });

  it("are held back only as long as they are possible", () => {
    const stream = new TextStream(tokenizer, { stop: ["\nEnd"] });
    const said = [..."a\nEat\nEnd more"].map((character) => stream.push(tokenizer.encode(character)[0]));
    expect(said.filter((piece) => piece !== "")).toEqual(["a", "\nEa", "t"]);
    expect(stream.stopped).toBe("\nEnd");
    expect(stream.push(100) + stream.flush()).toBe("");
  });

  it("show an incomplete character as U+FFFD at the end", () => {
    const stream = new TextStream(tokenizer, { stop: ["x"] });
    const [first] = tokenizer.encode("é");
    expect(stream.push(first)).toBe("");
    expect(stream.flush()).toBe("\ufffd");
  });
});
