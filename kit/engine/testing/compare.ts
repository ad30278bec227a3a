import { expect } from "vitest";
import { item, read, scope, type Tensor, tensor, valueAndGradient } from "../index.js";

/** Fails unless `max|a − b| ≤ tolerance · max(1, max|b|)`; says by how much and where. */
export function close(a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number): void {
  expect(a.length).toBe(b.length);
  let worst = 0;
  let at = -1;
  let scale = 1;
  for (let i = 0; i < a.length; i++) {
    const error = Math.abs(a[i] - b[i]);
    if (!(error <= worst)) [worst, at] = [error, i];
    scale = Math.max(scale, Math.abs(b[i]));
  }
  const message = at < 0 ? "" : `largest difference ${worst} at ${at}: ${a[at]} and ${b[at]}`;
  expect(worst <= tolerance * scale, `${message}, allowed ${tolerance * scale}`).toBe(true);
}

/** The gradient by the tape and by central differences in float64 steps of the float32 function. */
export function differences(
  fn: (...xs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
): { analytic: Float64Array[]; numeric: Float64Array[] } {
  const { gradients } = valueAndGradient((params) => fn(...params), inputs as Tensor[]);
  const analytic = gradients.map((gradient) => Float64Array.from(read(gradient)));
  const numeric = inputs.map((input, which) => {
    const values = read(input) as Float32Array;
    return Float64Array.from(values, (value, i) => {
      const step = 1e-2;
      const at = (x: number): number =>
        scope(() => {
          const moved = tensor(
            values.map((v, j) => (j === i ? x : v)),
            input.shape,
          );
          return item(fn(...inputs.map((other, j) => (j === which ? moved : other))));
        });
      // Fourth order: the error of the formula stays below that of float32.
      const near = (at(value + step) - at(value - step)) / (2 * step);
      const far = (at(value + 2 * step) - at(value - 2 * step)) / (4 * step);
      return (4 * near - far) / 3;
    });
  });
  return { analytic, numeric };
}
