import { describe, expect, it } from "vitest";
import * as e from "../engine/index.js";
import { close } from "../engine/testing/compare.js";
import { mirror } from "../weights/testing/mirror.js";
import {
  activationCodes,
  linear,
  roundActivations,
  type TernaryScale,
  ternarise,
  ternaryLinear,
  ternaryStatistics,
  ternaryValues,
  type Weight,
} from "./index.js";
import { reference, relativeError, type Stored, stored, valuesOf } from "./testing/reference.js";

type Quantised = { codes: Stored; dequantised: Stored; scale: Stored; zero_fraction: number };
type File = {
  weights: { name: string; w: Stored; per_tensor: Quantised; per_row: Quantised; block256: Quantised }[];
  activations: ({ name: string; x: Stored } & Quantised)[];
  linears: {
    name: string;
    weight_quantiser: keyof typeof scales;
    activation_int8: boolean;
    norm_eps: number;
    x: Stored;
    w: Stored;
    norm_weight: Stored | null;
    dy: Stored;
    y: Stored;
    grads: { x: Stored; w: Stored; norm_weight?: Stored };
  }[];
};

const runs = { group: 256, aligned: false } as const;
const scales = { per_tensor: "per-tensor", per_row: "per-channel", block256: runs } satisfies Record<
  string,
  TernaryScale
>;

describe.skipIf(mirror === undefined)("the reference values of BitLinear", () => {
  const { weights, activations, linears } = reference<File>("bitlinear.json", {
    weights: [],
    activations: [],
    linears: [],
  });

  it.each(
    weights.flatMap((one) => Object.keys(scales).map((kind) => [one.name, kind as keyof typeof scales, one] as const)),
  )("weights %s, %s: codes exact", (_, kind, one) => {
    const { codes, values } = ternarise(stored(one.w), scales[kind]);
    expect([...e.read(codes)].map((code) => code + 0)).toEqual([...valuesOf(one[kind].codes)]);
    expect(relativeError(values, one[kind].dequantised)).toBeLessThan(1e-5);
    const { zeros } = ternaryStatistics(stored(one.w), scales[kind]);
    expect(e.item(zeros)).toBeCloseTo(one[kind].zero_fraction, 6);
  });

  it.each(activations.map((one) => [one.name, one] as const))("activations %s: codes exact", (_, one) => {
    const x = stored(one.x);
    expect([...e.read(activationCodes(x).codes)].map((code) => code + 0)).toEqual([...valuesOf(one.codes)]);
    expect(relativeError(roundActivations(x), one.dequantised)).toBeLessThan(1e-5);
  });

  it.each(linears.map((one) => [one.name, one] as const))(
    "layer %s: values and straight-through gradients",
    (_, one) => {
      const params = {
        x: stored(one.x),
        w: stored(one.w),
        gain: one.norm_weight ? stored(one.norm_weight) : undefined,
      };
      const spec = {
        scale: scales[one.weight_quantiser],
        ...(one.activation_int8 ? { activationBits: 8 as const } : {}),
      };
      const apply = ({ x, w, gain }: typeof params): e.Tensor => {
        const weight: Weight = gain === undefined ? w : { weight: w, gain, eps: one.norm_eps };
        return ternaryLinear(weight, x, spec);
      };
      expect(relativeError(apply(params), one.y)).toBeLessThan(1e-5);
      const { gradients } = e.valueAndGradient((p) => e.sum(e.mul(apply(p), stored(one.dy))), params);
      expect(relativeError(gradients.x, one.grads.x)).toBeLessThan(1e-5);
      expect(relativeError(gradients.w, one.grads.w)).toBeLessThan(1e-5);
      if (gradients.gain) expect(relativeError(gradients.gain, one.grads.norm_weight!)).toBeLessThan(1e-5);
    },
  );
});

describe("ternarise", () => {
  const weight = e.random.normal(e.random.key(1), [6, 20]);

  it("makes 31.0 % of normally distributed weights zero", () => {
    const { zeros } = ternaryStatistics(e.random.normal(e.random.key(2), [256, 1024]), "per-tensor");
    expect(e.item(zeros)).toBeCloseTo(0.31, 2);
  });

  it("shares scales within a row when its groups are aligned", () => {
    const { scales, values } = ternarise(weight, { group: 8, aligned: true });
    expect(scales.shape).toEqual([18]);
    // The last group of a row has four weights, and its mean is over four.
    const rows = e.reshape(ternarise(e.narrow(weight, 1, 16, 4), "per-channel").values, [6, 4]);
    close(e.read(e.narrow(values, 1, 16, 4)), e.read(rows), 1e-6);
    const wide = ternarise(weight, { group: 20, aligned: true });
    close(e.read(wide.values), e.read(ternarise(weight, "per-channel").values), 1e-6);
  });

  it("lets groups of a flattened matrix straddle rows", () => {
    const flat = e.reshape(weight, [5, 24]);
    const straddling = ternarise(weight, { group: 24, aligned: false });
    close(e.read(straddling.values), e.read(ternarise(flat, { group: 24, aligned: true }).values), 0);
    // 128 slots for 120 weights: the zeros that fill the last group lower its scale.
    const { scales } = ternarise(weight, { group: 64, aligned: false });
    const tail = [...e.read(weight)].slice(64).reduce((sum, w) => sum + Math.abs(w), 0);
    expect(e.read(scales)[1]).toBeCloseTo(tail / 64, 6);
  });

  it("reports the error of each group", () => {
    const { errors, scales } = ternaryStatistics(weight, "per-channel");
    const [w, q] = [e.read(weight), e.read(ternarise(weight, "per-channel").values)];
    const row = Array.from({ length: 20 }, (_, i) => 40 + i);
    const lost = row.reduce((sum, i) => sum + (w[i] - q[i]) ** 2, 0) / row.reduce((sum, i) => sum + w[i] ** 2, 0);
    expect(e.read(errors)[2]).toBeCloseTo(Math.sqrt(lost), 5);
    expect([errors.shape, scales.shape]).toEqual([[6], [6]]);
  });

  it("refuses groups that are none", () => {
    expect(() => ternarise(weight, { group: 0, aligned: true })).toThrow("the group is 0");
    expect(() => ternarise(weight, { group: 2.5, aligned: false })).toThrow("the group is 2.5");
  });

  it.each(["graph", "xla"] as const)("gives the same values and gradients compiled (%s)", (backend) => {
    for (const scale of ["per-tensor", "per-channel", { group: 8, aligned: true }, runs] as const) {
      const both = (w: e.Tensor) => e.valueAndGradient((p) => e.sum(e.square(ternaryValues(p, scale))), w);
      const [eager, compiled] = [both(weight), e.compile(both, { backend })(weight)];
      close(e.read(compiled.gradients), e.read(eager.gradients), 1e-6);
    }
  });
});

it("a linear layer behind a norm of its own normalises first", () => {
  const [weight, x] = [e.random.normal(e.random.key(3), [3, 4]), e.random.normal(e.random.key(4), [2, 4])];
  const doubled = linear({ weight, gain: e.full([4], 2), eps: 0 }, x);
  const rms = e.sqrt(e.mean(e.square(x), { axis: -1, keep: true }));
  close(e.read(doubled), e.read(linear(weight, e.mul(e.div(x, rms), 2))), 1e-6);
});
