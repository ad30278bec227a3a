import { describe, expect, it } from "vitest";
import * as e from "../engine/index.js";
import { close } from "../engine/testing/compare.js";
import {
  type GatedConvParams,
  gatedConv,
  gatedConvPrefill,
  gatedConvStart,
  gatedConvStep,
  lastInputs,
  shortConvolution,
  shortConvolutionStep,
} from "./index.js";

const key = e.random.key(5);
const draw = (name: string, ...shape: number[]): e.Tensor => e.random.normal(e.random.fold(key, name), shape);
const at = (x: e.Tensor, t: number): e.Tensor => e.narrow(x, 1, t, 1);

describe("shortConvolution", () => {
  const [x, kernel] = [draw("x", 2, 7, 3), draw("kernel", 4, 3)];
  const y = shortConvolution(x, kernel);

  it("is silu of each channel's last four tokens", () => {
    const [xs, ks] = [e.read(x), e.read(kernel)];
    const value = (b: number, t: number, d: number): number => {
      let sum = 0;
      for (let j = 0; j < 4; j++) if (t - 3 + j >= 0) sum += ks[j * 3 + d] * xs[(b * 7 + t - 3 + j) * 3 + d];
      return sum / (1 + Math.exp(-sum));
    };
    const expected = Array.from({ length: 42 }, (_, i) => value(Math.floor(i / 21), Math.floor(i / 3) % 7, i % 3));
    close(e.read(y), expected, 1e-6);
  });

  it("gives the same token by token", () => {
    let tail = e.zeros([2, 3, 3]);
    const steps = Array.from({ length: 7 }, (_, t) => {
      const stepped = shortConvolutionStep(at(x, t), tail, kernel);
      tail = stepped.tail;
      return stepped.y;
    });
    close(e.read(e.concat(steps, 1)), e.read(y), 1e-6);
  });
});

it("lastInputs takes the last rows of each sequence, zeros where there are none", () => {
  const x = e.tensor([1, 2, 3, 4, 5, 6, 7, 8], [2, 4, 1]);
  const last = lastInputs(x, e.tensor(Int32Array.of(2, 4)), 3);
  expect([...e.read(last)]).toEqual([0, 1, 2, 6, 7, 8]);
});

describe("gatedConv", () => {
  const params: GatedConvParams<e.Tensor> = {
    up: draw("up", 8, 4),
    conv: draw("conv", 5, 4),
    down: draw("down", 4, 4),
  };
  const spec = { kernel: 5 };
  const x = draw("x", 2, 9, 4);
  const y = gatedConv(params, x);

  it("gates the convolution of the values", () => {
    const [gate, value] = e.split(e.matmulTransposed(x, params.up), [4, 4]);
    const inner = e.mul(e.sigmoid(gate), e.causalConvolution(value, params.conv));
    close(e.read(y), e.read(e.matmulTransposed(inner, params.down)), 1e-6);
  });

  it("decodes after a padded prompt as it computes a sequence", () => {
    const lengths = e.tensor(Int32Array.of(2, 6));
    const clock = { past: lengths, recent: e.scalar(0, "int32") };
    const prefilled = gatedConvPrefill(params, e.narrow(x, 1, 0, 6), clock, spec);
    let { state } = prefilled;
    for (let step = 0; step < 3; step++) {
      const fresh = e.concat(
        [2, 6].map((from, b) => e.slice(x, [b, from + step, 0], [1, 1, 4])),
        0,
      );
      const stepped = gatedConvStep(params, fresh, state);
      const expected = e.concat(
        [2, 6].map((from, b) => e.slice(y, [b, from + step, 0], [1, 1, 4])),
        0,
      );
      close(e.read(stepped.y), e.read(expected), 1e-6);
      state = stepped.state;
    }
    expect(gatedConvStart(spec, 2, 4).tail.shape).toEqual(state.tail.shape);
  });
});
