import { expect, it } from "vitest";
import { type Claim, Evidence, type MeasurementRecord, type Verdict } from "../../lab/index.js";
import { measurements } from "../measurements.js";
import { abilityClaims } from "./abilities.js";
import { mergeClaims } from "./merging.js";

const circumstances = { node: "", machine: { cpu: "", cores: 1, memoryBytes: 1 } };

/** Texts that differ a little. */
const around = (value: number): readonly number[] => [value, value + 0.01, value + 0.02];

/** A record of every merge with every figure; those told apart from 1. */
function evidence(told: Readonly<Record<string, Readonly<Record<string, number>>>>): Evidence {
  const names = measurements.map(({ name }) => name).filter((name) => name.startsWith("merges/"));
  const figures = ["nats", "natsLate", "natsName", "irrelevant", "natsClass"];
  const record = (name: string): MeasurementRecord => ({
    measurement: { subject: { kind: "known" } } as MeasurementRecord["measurement"],
    figures: Object.fromEntries(figures.map((figure) => [figure, around(told[name]?.[figure] ?? 1)])),
    wallSeconds: 1,
    circumstances,
  });
  return new Evidence([], new Map(names.map((name) => [name, [record(name)]])));
}

const claim = (claims: readonly Claim[], part: string): Claim =>
  claims.find(({ sentence }) => sentence.includes(part))!;

it.each<[string, Readonly<Record<string, Readonly<Record<string, number>>>>, Verdict]>([
  ["final layers", { "merges/deep": { natsLate: 0.5 } }, "supported"],
  ["final layers", { "merges/deep": { natsLate: 0.5 }, "merges/middle": { natsLate: 0.4 } }, "not supported"],
  ["classification", { "merges/middle/classes": { natsClass: 0.5 } }, "supported"],
  ["classification", { "merges/middle/classes": { natsClass: 1.5 } }, "not supported"],
  ["long text comprehension", { "merges/deep": { natsLate: 0.5 } }, "not supported"],
  [
    "long text comprehension",
    { "merges/deep": { natsLate: 0.5 }, "merges/deep/planted": { natsName: 0.5 } },
    "supported",
  ],
  ["deep inferences", { "merges/uniform": { natsLate: 2 } }, "not supported"],
  ["enhancing their contribution", { "merges/deep-attention/planted": { natsName: 0.9 } }, "not supported"],
  [
    "enhancing their contribution",
    { "merges/deep-attention/planted": { natsName: 0.9, irrelevant: 0.9 } },
    "supported",
  ],
  ["key mechanism", { "merges/without-attention": { natsLate: 2 } }, "not supported"],
  [
    "key mechanism",
    { "merges/without-attention": { natsLate: 2 }, "merges/without-attention/planted": { natsName: 2 } },
    "supported",
  ],
  ["Each layer has a role", { "merges/without-last": { nats: 3 } }, "not supported"],
  [
    "Each layer has a role",
    Object.fromEntries(["first", "third", "two-thirds", "last"].map((at) => [`merges/without-${at}`, { nats: 3 }])),
    "supported",
  ],
])("%s, %j: %s", (part, told, verdict) => {
  const { judge } = claim(abilityClaims, part);
  expect(judge(new Evidence([]))).toBeUndefined();
  expect(judge(evidence(told))?.verdict).toBe(verdict);
});

it("the trade-off: what repeated layers cost, and what they bring", () => {
  const { judge } = claim(mergeClaims, "trade-off");
  expect(judge(new Evidence([]))).toBeUndefined();
  expect(judge(evidence({ "merges/repeated": { nats: 1.5 } }))).toEqual({
    figure: expect.stringMatching(/^FLOPs \+26\.7 %; \+0\.5000 .*nats per token, 3 texts$/),
    verdict: "not supported",
  });
  expect(judge(evidence({ "merges/repeated": { nats: 0.5 } }))?.verdict).toBe("supported");
});

it("what is said of intermediate and upper layers is asked of both", () => {
  const { judge } = claim(mergeClaims, "Don't reduce intermediate and upper layers");
  const worse = (...merges: readonly string[]) =>
    judge(evidence(Object.fromEntries(merges.map((merge) => [`merges/${merge}`, { nats: 2 }]))))?.verdict;
  expect(worse("deep-less", "without-last")).toBe("not supported");
  expect(worse("deep-less", "without-third", "without-last")).toBe("supported");
});
