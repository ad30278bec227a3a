import { describe, expect, it } from "vitest";
import { UserError } from "../errors.js";
import {
  hybrid,
  type LinearSpec,
  type MixerSpec,
  type ModelConfig,
  pico,
  readConfig,
  teenyS,
  teenySConv,
} from "./index.js";
import { besidesExamples, configOf, dense, leakyExamples, linearExamples, mixerExamples } from "./testing/examples.js";

const mixers: readonly MixerSpec[] = Object.values(mixerExamples).flatMap((examples) =>
  Object.values<MixerSpec>(examples),
);

const ternary = { kind: "ternary", norm: "block" } as const;
const linears: readonly LinearSpec[] = [
  ...Object.values(linearExamples),
  { ...ternary, scale: "per-channel", norm: "both", activationBits: 8 },
  { ...ternary, scale: { group: 4, aligned: true }, norm: "none", rounded: true },
];

const plain = (config: ModelConfig): unknown => JSON.parse(JSON.stringify(config));

describe("a config as JSON", () => {
  it.each(mixers.flatMap((mixer) => linears.map((linear) => [mixer.kind, configOf(mixer, linear)] as const)))(
    "comes back the same, to the letter: %s",
    (_, config) => {
      expect(readConfig(plain(config))).toEqual(config);
      expect(JSON.stringify(readConfig(plain(config)))).toBe(JSON.stringify(config));
    },
  );

  it.each(Object.entries({ ...besidesExamples, ...leakyExamples }))(
    "comes back the same, to the letter: %s",
    (_, besides) => {
      const config = configOf(mixerExamples.attention.grouped, dense, 2, 12, besides);
      expect(JSON.stringify(readConfig(plain(config)))).toBe(JSON.stringify(config));
    },
  );

  it.each([teenyS, teenySConv, pico, hybrid(teenyS, mixerExamples.attention.grouped, 3)])(
    "comes back: preset %#",
    (config) => {
      expect(readConfig(plain(config))).toEqual(config);
    },
  );
});

describe("what is wrong is named by its field", () => {
  const config = configOf(mixerExamples.gatedDeltaNet["more value heads, negative eigenvalues"], linears[2]);
  const changed = (path: string, value: unknown): unknown => {
    const json = plain(config);
    const names = path.split(".");
    const holder = names.slice(0, -1).reduce((at, name) => (at as Record<string, unknown>)[name], json);
    (holder as Record<string, unknown>)[names[names.length - 1]] = value;
    return json;
  };
  const attention = { ...mixerExamples.attention.grouped };
  const pairs = mixerExamples.differentialV1["adjacent heads"];
  const squeeze = { hidden: 3, pool: { kind: "prefix" }, gate: "sigmoid" };

  it.each<[string, unknown, RegExp]>([
    ["vocab", 1.5, /^vocab is 1\.5 \(the\/file\): expected a whole number from 1 to 2147483647$/],
    ["width", undefined, /^width is missing \(the\/file\): expected a whole number/],
    ["context", -1, /^context is -1 /],
    ["tied", "yes", /^tied is "yes" .*expected true or false/],
    ["normEps", 0, /^normEps is 0 .*expected a number above 0/],
    ["linear", null, /^linear is null .*expected an object/],
    ["linear.kind", "binary", /^linear\.kind is "binary" .*expected "dense" or "ternary"/],
    ["linear.scale", "per-row", /^linear\.scale is "per-row" .*expected "per-tensor", "per-channel" or an object/],
    ["linear.scale.group", 0, /^linear\.scale\.group is 0 /],
    ["linear.scale.aligned", undefined, /^linear\.scale\.aligned is missing /],
    ["linear.norm", "layer", /^linear\.norm is "layer" .*"block" or "per-linear" or "both" or "none"/],
    ["linear.activationBits", 4, /^linear\.activationBits is 4 .*expected 8/],
    ["linear.rounded", false, /^linear\.rounded is false .*expected true/],
    ["layers", {}, /^layers is {} .*expected a list/],
    [
      "layers.1.norm.kind",
      "layerNorm",
      /^layers\[1\]\.norm\.kind is "layerNorm" .*expected "rmsNorm" or "adaptiveRmsNorm"/,
    ],
    [
      "layers.1.norm",
      { kind: "adaptiveRmsNorm", rank: "low", pool: { kind: "prefix" } },
      /norm\.rank is "low" .*expected a whole number from 1 to 2147483647 or "full"/,
    ],
    ["layers.1.norm", { kind: "adaptiveRmsNorm", rank: 0, pool: { kind: "prefix" } }, /norm\.rank is 0 /],
    ["layers.1.norm", { kind: "adaptiveRmsNorm", rank: 1, pool: { kind: "ema" } }, /pool\.decay is missing/],
    [
      "layers.1.norm",
      { kind: "adaptiveRmsNorm", rank: 1, pool: { kind: "ema", decay: 0 } },
      /pool\.decay is 0 .*expected a number above 0/,
    ],
    ["layers.0.tokenMixing", { kernel: 0 }, /^layers\[0\]\.tokenMixing\.kernel is 0 /],
    ["layers.0.tokenMixing", { kernel: 3, bias: false }, /tokenMixing\.bias is false .*expected true/],
    [
      "layers.0.squeezeExcite",
      { ...squeeze, gate: "tanh" },
      /squeezeExcite\.gate is "tanh" .*expected "doubleSigmoid" or/,
    ],
    [
      "layers.0.squeezeExcite",
      { ...squeeze, pool: { kind: "all" } },
      /pool\.kind is "all" .*"prefix" or "ema" or "seq/,
    ],
    ["layers.0.squeezexcite", squeeze, /^There is no field layers\[0\]\.squeezexcite .*Did you mean squeezeExcite\?/],
    [
      "layers.0.mixer",
      { ...pairs, heads: 3, kvHeads: 1 },
      /mixer\.heads is 3 .*expected an even number, for pairs of heads/,
    ],
    ["layers.0.mixer", { ...pairs, kvHeads: 1 }, /mixer\.kvHeads is 1 .*expected an even number/],
    ["layers.0.mixer", { ...pairs, split: "withinHead", headDim: 6 }, /mixer\.headDim is 6 .*a multiple of 4/],
    ["layers.0.mixer", { ...pairs, output: "residual" }, /mixer\.output is "residual" .*only halved heads/],
    ["layers.0.mixer", { ...pairs, lambdaInit: null }, /mixer\.lambdaInit is null .*expected a number/],
    [
      "layers.0.mixer",
      { ...attention, kind: "differentialV2", lambdaBias: false },
      /lambdaBias is false .*expected true/,
    ],
    [
      "layers.1.mlp.hiden",
      3,
      /^There is no field layers\[1\]\.mlp\.hiden .*expected some of hidden\. Did you mean hidden\?/,
    ],
    [
      "layers.1.mixer.kind",
      "mamba",
      /^layers\[1\]\.mixer\.kind is "mamba" .*expected "attention" or "differentialV1" or /,
    ],
    ["layers.0.mixer.keyDim", "36", /^layers\[0\]\.mixer\.keyDim is "36" /],
    ["layers.0.mixer.valueHeads", 3, /^layers\[0\]\.mixer\.valueHeads is 3 .*a multiple of heads/],
    ["layers.0.mixer.queryScale", null, /^layers\[0\]\.mixer\.queryScale is null .*expected a number/],
    ["layers.0.mixer.gate", { kind: "logsigmoid" }, /^layers\[0\]\.mixer\.gate\.gateLogitNormalizer is missing/],
    [
      "layers.0.mixer.gate",
      { kind: "mamba", gateLogitNormalizer: 16 },
      /^There is no field layers\[0\]\.mixer\.gate\.gateLogitNormalizer .*expected no fields/,
    ],
    ["layers.0.mixer", { ...attention, kvHeads: 3 }, /^layers\[0\]\.mixer\.kvHeads is 3 .*a divisor of heads/],
    ["layers.0.mixer", { ...attention, headDim: 5 }, /^layers\[0\]\.mixer\.headDim is 5 .*an even number/],
    ["layers.0.mixer", { ...attention, rope: { theta: 1e4, layout: "halves" } }, /mixer\.rope\.layout is "halves" /],
    ["__proto__x", 1, /^There is no field __proto__x /],
  ])("%s: %j", (path, value, message) => {
    expect(() => readConfig(changed(path, value), "the/file")).toThrow(message);
    expect(() => readConfig(changed(path, value), "the/file")).toThrow(UserError);
  });

  it.each([null, [], 3, "x", undefined])("%j in place of a config", (json) => {
    expect(() => readConfig(json)).toThrow(/^The value is .*: expected an object$/);
  });

  it("a key that JavaScript gives a meaning is a field like any other", () => {
    expect(() => readConfig(JSON.parse('{"__proto__": {"vocab": 3}}'))).toThrow(/^There is no field __proto__/);
  });

  it("a dense model has no ternary fields", () => {
    const json = {
      ...configOf(mixerExamples.gatedConv["k = 8"], dense),
      linear: { kind: "dense", scale: "per-tensor" },
    };
    expect(() => readConfig(json)).toThrow(/^There is no field linear\.scale/);
  });
});
