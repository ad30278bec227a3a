import { describe, expect, it } from "vitest";
import * as e from "../engine/index.js";
import { close } from "../engine/testing/compare.js";
import { adamW, clipByNorm, type Rates, rateFactors, undecayed } from "./index.js";

/** torch.optim.AdamW 2.15, float32, lr 0.01, betas (0.9, 0.95), decay 0.1 on `p` and 0 on `gain`, clip_grad_norm_ 1. */
const golden = [
  { loss: -3.0328125953674316, norm: 4.48466157913208, p: [0.4895, -1.25875, 2.008, 0.114875], gain: [1.01, 0.51] },
  {
    loss: -3.123666286468506,
    norm: 4.513108730316162,
    p: [0.47901034355163574, -1.2674922943115234, 2.015995740890503, 0.10476034879684448],
    gain: [1.0199954509735107, 0.5199995636940002],
  },
  {
    loss: -3.214986801147461,
    norm: 4.541275978088379,
    p: [0.4685308635234833, -1.2762278318405151, 2.023988962173462, 0.09465614706277847],
    gain: [1.0299830436706543, 0.5299984812736511],
  },
];

type Params = { p: e.Tensor; gain: e.Tensor };

function loss({ p, gain }: Params): e.Tensor {
  const weights = e.tensor([1, 2, -1, 0.5], [2, 2]);
  const cubed = e.sum(e.mul(gain, e.square(gain)));
  return e.add(e.add(e.mul(e.sum(e.mul(p, weights)), e.sum(gain)), e.mul(e.sum(e.square(p)), 0.3)), cubed);
}

describe("adamW with clipByNorm", () => {
  it.each(["eager", "graph", "xla"] as const)("takes PyTorch's steps (%s)", (backend) => {
    const adam = adamW();
    const start: Params = { p: e.tensor([0.5, -1.25, 2, 0.125], [2, 2]), gain: e.tensor([1, 0.5]) };
    let state = { params: start, adam: adam.init(start) };
    const step = e.compile(
      (s: typeof state, rates: Rates) => {
        const { value, gradients } = e.valueAndGradient(loss, s.params);
        const clipped = clipByNorm(gradients, 1);
        const next = adam.update(clipped.gradients, s.adam, s.params, rates);
        return { value, norm: clipped.norm, state: { params: next.params, adam: next.state } };
      },
      { backend, name: "adam" },
    );
    for (const expected of golden) {
      const { value, norm, state: next } = step(state, { learningRate: e.scalar(0.01), weightDecay: e.scalar(0.1) });
      close([e.item(value), e.item(norm)], [expected.loss, expected.norm], 1e-6);
      state = next;
      close(e.read(state.params.p), expected.p, 1e-6);
      close(e.read(state.params.gain), expected.gain, 1e-6);
    }
  });

  it("multiplies the rates of the paths it is told to", () => {
    const factors = [
      { paths: "b", weightDecay: 0 },
      { paths: "c", learningRate: 0.5, weightDecay: 0.5 },
    ];
    const adam = adamW({ factors });
    const params = { a: e.scalar(2), b: e.scalar(2), c: e.scalar(2) };
    const zero = { a: e.scalar(0), b: e.scalar(0), c: e.scalar(0) };
    const rates = { learningRate: e.scalar(0.5), weightDecay: e.scalar(1) };
    const { params: after } = adam.update(zero, adam.init(params), params, rates);
    expect([e.item(after.a), e.item(after.b), e.item(after.c)]).toEqual([1, 2, 1.75]);
  });

  it("does not let gains, rates and biases decay", () => {
    const of = rateFactors(undecayed);
    const decays = (path: string): boolean => of(path).weightDecay > 0;
    const some = ["norm.gain", "layers.0.mixer.aLog", "layers.11.mixer.dtBias", "layers.2.mixer.outputGain"];
    const more = [
      "layers.0.tokenMixing.bias",
      "layers.0.squeezeExcite.upBias",
      "layers.0.mixer.lambdaBias",
      "layers.0.mixer.lambdaK2",
    ];
    expect([...some, ...more].map(decays)).toEqual([...some, ...more].map(() => false));
    expect(["embed", "layers.0.mixer.q", "layers.0.mixer.qConv", "layers.0.mlp.gate"].map(decays)).toEqual([
      true,
      true,
      true,
      true,
    ]);
  });

  it("matches a path with stars", () => {
    const matches = (paths: string, path: string): boolean =>
      rateFactors([{ paths, learningRate: 2 }])(path).learningRate === 2;
    expect(matches("layers.*.mlp.*", "layers.3.mlp.up")).toBe(true);
    expect(matches("layers.*.up", "layers.3.mlp.up")).toBe(false);
    expect(matches("**.up", "layers.3.mlp.up")).toBe(true);
    expect(matches("embed", "embedded")).toBe(false);
  });

  it("leaves gradients below the limit alone", () => {
    const { gradients, norm } = clipByNorm({ a: e.tensor([3, 4]) }, 10);
    expect(e.item(norm)).toBe(5);
    expect([...e.read(gradients.a)]).toEqual([3, 4]);
  });
});
