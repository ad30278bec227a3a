import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batches, type DataCursor, encodeDocuments, packer, startCursor } from "../packing.js";
import { smallTokenizer } from "../testing/tokenizers.js";
import type { Tokenizer } from "../tokenizer.js";
import { namedTemplate } from "./chatTemplate.js";
import { encodeExamples } from "./examples.js";
import type { Example } from "./forms.js";
import { draws, type Mixture, type MixtureBatch, mixtureBatches, mixturePacker } from "./mix.js";

const tokenizer: Tokenizer = { ...smallTokenizer(), special: { bos: 0, eos: 0 } };
const START = 259;
const encoding = { tokenizer, template: namedTemplate("zephyr", tokenizer), boundary: START };

const text = (content: string): Example => ({ kind: "text", text: content });
const chat = (question: string, answer: string): Example => ({
  kind: "chat",
  messages: [
    { role: "user", content: question },
    { role: "assistant", content: answer },
  ],
});

const texts = ["one", "two words", "a third text", "日本", "x"];
const mixture: Mixture = {
  sources: [
    { name: "texts", weight: 1, documents: encodeExamples(texts.map(text), encoding) },
    {
      name: "talk",
      weight: 3,
      documents: encodeExamples([chat("Hi", "Hello!"), chat("Why?", "So."), chat("b", "Bye")], encoding),
    },
    { name: "single", weight: 0.5, documents: encodeExamples([text("again")], encoding) },
  ],
};

function take(count: number, options: { batch: number; length: number }, from: DataCursor): MixtureBatch[] {
  const source = mixtureBatches(mixture, { ...options, boundary: START }, from);
  return Array.from({ length: count }, () => source.next().value as MixtureBatch);
}

const flat = (list: readonly MixtureBatch[], part: "inputs" | "targets"): number[] =>
  list.flatMap((batch) => [...batch[part]]);

/** The documents of a stream: what stands between boundaries, without the cut one at the end. */
function documentsOf(ids: readonly number[]): string[] {
  return tokenizer.decode(ids).split("<|start|>").slice(1, -1);
}

describe("a mixture", () => {
  const shape = fc.record({ batch: fc.integer({ min: 1, max: 4 }), length: fc.integer({ min: 1, max: 9 }) });

  it("of one source is the stream of that source alone", () => {
    const one: Mixture = { sources: [{ ...mixture.sources[0], weight: 7 }] };
    const options = { batch: 2, length: 5, boundary: START };
    const mixed = mixtureBatches(one, options, startCursor(4));
    const plain = batches(encodeDocuments(tokenizer, texts), options, startCursor(4));
    for (let i = 0; i < 30; i++) {
      expect(mixed.next().value).toEqual(plain.next().value);
    }
  });

  it("resumes to the exact id from every cursor, also with another shape", () => {
    const options = { batch: 2, length: 7 };
    const whole = take(40, options, startCursor(11));
    whole.forEach(({ cursor }, i) => {
      const stored = JSON.parse(JSON.stringify(cursor)) as DataCursor;
      expect(take(2, options, stored)).toEqual(take(i + 3, options, startCursor(11)).slice(i + 1));
    });
    expect(whole[39].cursor.epoch).toBeGreaterThan(1);
    fc.assert(
      fc.property(fc.integer(), shape, shape, fc.nat(20), (seed, first, second, count) => {
        const head = take(count, first, startCursor(seed));
        const tail = take(
          5,
          second,
          JSON.parse(JSON.stringify(head.at(-1)?.cursor ?? startCursor(seed))) as DataCursor,
        );
        const length = flat([...head, ...tail], "inputs").length;
        const [straight] = take(1, { batch: 1, length }, startCursor(seed));
        expect(flat([...head, ...tail], "inputs")).toEqual([...straight.inputs]);
        expect(flat([...head, ...tail], "targets")).toEqual([...straight.targets]);
        expect(tail[4].cursor).toEqual(straight.cursor);
      }),
      { numRuns: 100 },
    );
  });

  it("does not depend on where its packer was before", () => {
    const pack = mixturePacker(mixture);
    const options = { batch: 1, length: 50, boundary: START };
    const late = take(20, options, startCursor(2))[19];
    const early = pack(options, startCursor(2));
    expect(pack(options, late.cursor)).toEqual(take(21, options, startCursor(2))[20]);
    expect(pack(options, startCursor(3))).not.toEqual(early);
    expect(pack(options, startCursor(2))).toEqual(early);
  });

  it("learns texts with their end, and of conversations the answers with their marker", () => {
    for (const { inputs, targets } of take(20, { batch: 3, length: 30 }, startCursor(5))) {
      for (let i = 0; i + 1 < inputs.length; i++) {
        if (targets[i] >= 0) expect(targets[i]).toBe(inputs[i + 1]);
      }
    }
    const [{ inputs, targets }] = take(1, { batch: 1, length: 3000 }, startCursor(5));
    const learnt: string[] = [""];
    inputs.forEach((_, i) => {
      if (targets[i] >= 0) learnt[learnt.length - 1] += tokenizer.tokenOf(targets[i]);
      else if (learnt.at(-1) !== "") learnt.push("");
    });
    const said = new Set(learnt.slice(1, -1).flatMap((run) => run.split(/(?<=<\|start\|>)/)));
    const spelt = texts.map((content) => Array.from(tokenizer.encode(content), (id) => tokenizer.tokenOf(id)).join(""));
    const answers = ["Hello!", "So.", "Bye"].map((answer) => `${answer}<|end|>`);
    expect([...said].sort()).toEqual([...[...spelt, "again"].map((one) => `${one}<|start|>`), ...answers].sort());
  });

  it("meets its weights within binomial bounds, and every document of a source comes before any comes again", () => {
    const [{ inputs }] = take(1, { batch: 1, length: 200_000 }, startCursor(6));
    const found = documentsOf([...inputs]);
    const groups = mixture.sources.map(({ documents }) => {
      const own = Array.from({ length: documents.starts.length - 1 }, (_, i) =>
        tokenizer.decode(documents.ids.subarray(documents.starts[i], documents.starts[i + 1])),
      );
      return { own, drawn: found.filter((each) => own.includes(each)) };
    });
    const weights = mixture.sources.map(({ weight }) => weight / 4.5);
    groups.forEach(({ own, drawn }, i) => {
      const deviation = Math.sqrt(found.length * weights[i] * (1 - weights[i]));
      expect(Math.abs(drawn.length - found.length * weights[i])).toBeLessThan(4 * deviation);
      const rounds = Array.from({ length: Math.floor(drawn.length / own.length) }, (_, r) =>
        drawn.slice(r * own.length, (r + 1) * own.length),
      );
      for (const round of rounds) expect([...round].sort()).toEqual([...own].sort());
      if (own.length > 1) expect(new Set(rounds.map((round) => round.join("|"))).size).toBeGreaterThan(1);
    });
    expect(found.length).toBe(groups.reduce((sum, { drawn }) => sum + drawn.length, 0));
  });

  it("numbers the documents of each row from 0", () => {
    const [{ inputs, segments }] = take(1, { batch: 8, length: 40 }, startCursor(9));
    for (let row = 0; row < 8; row++) {
      const [ids, numbers] = [inputs, segments].map((all) => [...all.subarray(row * 40, (row + 1) * 40)]);
      expect(numbers[0]).toBe(0);
      numbers.forEach((number, i) => {
        if (i > 0) expect(number - numbers[i - 1]).toBe(ids[i] === START ? 1 : 0);
      });
    }
    expect(Math.max(...segments)).toBeGreaterThan(1);
  });

  it("refuses what cannot be", () => {
    const [first] = mixture.sources;
    const empty = encodeExamples([], encoding);
    expect(() => mixturePacker({ sources: [] })).toThrow(/the mixture is empty/);
    expect(() => mixturePacker({ sources: [first, { ...first, documents: empty }] })).toThrow(/no documents \(texts\)/);
    for (const weight of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => mixturePacker({ sources: [{ ...first, weight }] })).toThrow(/the weight is .* \(texts\).*above 0/);
    }
    const pack = mixturePacker(mixture);
    const options = { batch: 1, length: 4, boundary: START };
    for (const change of [{ document: 9 }, { offset: 99 }, { epoch: -1 }, { seed: 0.5 }]) {
      expect(() => pack(options, { ...startCursor(0), ...change })).toThrow(/outside the documents/);
    }
    expect(() => pack({ ...options, batch: 0 }, startCursor(0))).toThrow(/batch is 0/);
  });
});

describe("draws", () => {
  it("count themselves, wherever they are asked from", () => {
    const forward = draws([2, 1, 1]);
    const list = Array.from({ length: 500 }, (_, n) => forward(8, n));
    const counts = [0, 0, 0];
    for (const { source, before } of list) expect(before).toBe(counts[source]++);
    const backward = draws([2, 1, 1]);
    for (const n of [499, 3, 250, 0]) expect(backward(8, n)).toEqual(list[n]);
  });

  it("do not follow from the draw before", () => {
    const drawn = draws([1, 1]);
    const pairs = [0, 0, 0, 0];
    for (let n = 0; n < 40_000; n++) pairs[drawn(1, n).source * 2 + drawn(1, n + 1).source]++;
    // A quarter each: four standard deviations are 346.
    for (const count of pairs) expect(Math.abs(count - 10_000)).toBeLessThan(346);
  });
});

describe("packing one set of documents", () => {
  it("gives the same batches whatever was packed in between", () => {
    const pack = packer(encodeDocuments(tokenizer, texts));
    const options = { batch: 1, length: 9, boundary: START };
    const first = pack(options, startCursor(1));
    pack(options, { ...startCursor(1), epoch: 3 });
    expect(pack(options, startCursor(1))).toEqual(first);
  });
});
