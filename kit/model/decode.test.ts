import { describe, expect, it } from "vitest";
import * as e from "../engine/index.js";
import { close } from "../engine/testing/compare.js";
import { batch, Decoder, init, llama, logits } from "./index.js";

const config = llama({ vocab: 61, width: 24, depth: 2, heads: 4, kvHeads: 2, hidden: 40, context: 200 });
const model = init(config, 3);

/** Logits of the last token by the plain forward pass. */
function last(ids: readonly number[]): Float32Array {
  return e.scope(() => {
    const all = e.read(logits(model, batch([ids]))) as Float32Array;
    return all.slice((ids.length - 1) * config.vocab);
  });
}

describe.each(["graph", "xla"] as const)("Decoder (%s)", (backend) => {
  it("gives the scores of the forward pass, across settled and grown caches", () => {
    const decoder = new Decoder(model, { backend, recent: 8 });
    const ids = [5, 9, 2, 7, 1];
    close(decoder.prompt([ids]), last(ids), 1e-5);
    for (let i = 0; i < 90; i++) {
      const next = (i * 7 + 3) % config.vocab;
      ids.push(next);
      const scores = decoder.next([next]);
      if (i % 6 === 0) close(scores, last(ids), 1e-5);
    }
    expect(decoder.length).toBe(95);
  });

  it("decodes sequences of different lengths side by side", () => {
    const decoder = new Decoder(model, { backend, recent: 4 });
    const rows = [[5, 9, 2], [7, 1, 4, 4, 8, 3], [11]];
    let scores = decoder.prompt(rows);
    for (let i = 0; i < 10; i++) {
      for (const [b, row] of rows.entries()) {
        close(scores.slice(b * config.vocab, (b + 1) * config.vocab), last(row), 1e-5);
        row.push((i * 5 + b) % config.vocab);
      }
      scores = decoder.next(rows.map((row) => row[row.length - 1]));
    }
  });

  it("takes one id for each sequence, and counts no step that it refused", () => {
    const decoder = new Decoder(model, { backend, recent: 4 });
    decoder.prompt([[1, 2]]);
    expect(() => decoder.next([5, 6])).toThrow("decode: 2 ids: expected 1, one for each sequence");
    expect(decoder.length).toBe(2);
    close(decoder.next([5]), last([1, 2, 5]), 1e-5);
  });

  it("keeps no tensor beyond its state", () => {
    const decoder = new Decoder(model, { backend, recent: 4 });
    decoder.prompt([[1, 2, 3]]);
    const counts: number[] = [];
    for (let i = 0; i < 24; i++) {
      decoder.next([i]);
      counts.push(e.liveTensors());
    }
    expect(counts[23]).toBe(counts[7]);
    decoder.reset();
  });
});
