import { expect, it } from "vitest";
import { Evidence, type MeasurementRecord } from "../../lab/index.js";
import { recalled } from "./recall.js";

/** Evidence of models that need so many nats for a name; each asked for it after three texts. */
function evidence(nats: Readonly<Record<string, number>>): Evidence {
  const record = (natsName: number): MeasurementRecord => ({
    measurement: { subject: { kind: "known" } } as MeasurementRecord["measurement"],
    figures: { natsName: [natsName, natsName + 0.01, natsName + 0.03] },
    wallSeconds: 1,
    circumstances: { node: "", machine: { cpu: "", cores: 1, memoryBytes: 1 } },
  });
  return new Evidence([], new Map(Object.entries(nats).map(([name, each]) => [`${name}/planted`, [record(each)]])));
}

const asked = { of: ["a", "b"], against: "base", vocab: 2048 };

it("a name is lost or kept beside a model that knows it", () => {
  expect(recalled(evidence({ a: 3, base: 4 }), asked, "below")).toBeUndefined();
  expect(recalled(evidence({ a: 3, b: 3.5, base: 4 }), asked, "below")).toEqual({
    figure: expect.stringMatching(
      /^−1\.0000 .* nats per token of the name, 3 texts; −0\.5000 .* nats per token of the name, 3 texts$/,
    ),
    verdict: "supported",
  });
  expect(recalled(evidence({ a: 3, b: 4.5, base: 4 }), asked, "below")?.verdict).toBe("not supported");
});

it("beside one that does not, a difference says nothing, on whichever side it lies", () => {
  for (const a of [9, 11]) {
    expect(recalled(evidence({ a, b: 9, base: 10 }), asked, "below")).toEqual({
      figure: expect.stringMatching(
        /3 texts; what it is compared with needs 10\.01 nats where knowing nothing costs 7\.62$/,
      ),
      verdict: "not testable here",
    });
  }
  // The same ten nats are known well in a vocabulary of a million.
  expect(recalled(evidence({ a: 9, b: 9, base: 10 }), { ...asked, vocab: 1e6 }, "below")?.verdict).toBe("supported");
});
