/** What holds of every part of the registry where several documents stand in one row. */
import { describe, expect, it } from "vitest";
import * as e from "../../engine/index.js";
import { close } from "../../engine/testing/compare.js";
import { batch, logits, type Model, mayBranch } from "../../model/index.js";
import { configOf, dense, leakyExamples, lively, mixerExamples } from "../../model/testing/examples.js";
import { rows, tokens, withLinears } from "./models.js";

describe.each(withLinears)("%s, %s", (name, _, config) => {
  const model = lively(config);

  it("sees no other document of its row: their scores are those of each alone", () => {
    expectApart(model);
  });

  it("reads several ends behind one beginning as each by itself, or says that it cannot", () => {
    expect(mayBranch(config)).toBe(/^(attention|differential)/.test(name));
    expectBranches(model);
  });
});

it.each(Object.entries(leakyExamples))("over the whole text, %s, is over the document", (_, besides) => {
  expectApart(lively(configOf(mixerExamples.attention.grouped, dense, 2, 12, besides)));
});

/** Documents packed into rows have the scores that they have alone, which they have not where a row is one document. */
function expectApart(model: Model<e.Tensor>): void {
  const documents = [
    [9, 1, 4, 7],
    [12, 9],
  ].map((lengths, row) => lengths.map((length, i) => tokens(length, 3 * i + row)));
  e.scope(() => {
    const ids = batch(documents.map((row) => row.flat()));
    const segments = batch(documents.map((row) => row.flatMap((document, i) => document.map(() => i))));
    const alone = documents.flat().flatMap((document) => rows(logits(model, batch([document]))).flat());
    close(e.read(logits(model, ids, { segments })), alone, 1e-5);
    const joined = e.read(logits(model, ids));
    expect(Math.max(...alone.map((score, i) => Math.abs(score - joined[i])))).toBeGreaterThan(1e-2);
  });
}

/** The scores behind a beginning and each of its ends are those of a sequence of the two, in whatever company they stand. */
function expectBranches(model: Model<e.Tensor>): void {
  const [beginning, other, ...ends] = [7, 4, 3, 1, 5].map((length, i) => tokens(length, i));
  const pieces = [other, beginning, ...ends];
  const numbered = (number: (piece: number) => number) =>
    batch([pieces.flatMap((piece, i) => piece.map(() => number(i)))]);
  e.scope(() => {
    const layout = { segments: numbered((i) => Math.min(i, 1)), branches: numbered((i) => Math.max(0, i - 1)) };
    const read = () => rows(logits(model, batch([pieces.flat()]), layout)).flat();
    if (!mayBranch(model.config)) {
      expect(read).toThrow(/documents of this model cannot branch/);
      return;
    }
    const alone = ends.map((end) => rows(logits(model, batch([[...beginning, ...end]]))).flat());
    const of = (from: number, to?: number) => alone.flatMap((scores) => scores.slice(from, to));
    const behind = beginning.length * model.config.vocab;
    close(read().slice(other.length * model.config.vocab), [...alone[0].slice(0, behind), ...of(behind)], 1e-5);
  });
}
