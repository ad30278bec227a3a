import { customGradient, eye, matmul, mul, neg, sub, type Tensor, tensor } from "../engine/index.js";

/**
 * `(I + A)⁻¹` of a strictly lower triangular `A`, for many matrices at once.
 *
 * The inverse of the diagonal blocks doubles in size at each round: with `R` the inverse for blocks of size m and `A₂₁` the
 * part of `A` that joins two of them, `R ← R − R·A₂₁·R`. ⌈log₂ C⌉ rounds of two products, and as accurate as substitution.
 * (The shorter `Π (I + (−A)^(2ⁱ))` is not: for equal keys its powers grow to 10¹⁷ before they cancel.)
 *
 * Gradient: `−Rᵀ·dy·Rᵀ`. Outside of the strict lower triangle it means nothing; mask `A`.
 *
 * @param a shape `[..., C, C]`, zero on and above the diagonal
 * @returns shape `[..., C, C]`, unit lower triangular
 */
export function unitLowerInverse(a: Tensor): Tensor {
  return customGradient(
    [a],
    () => {
      const inverse = doubling(a);
      return { value: inverse, save: [inverse] };
    },
    (dy, [inverse]) => [() => neg(matmul(matmul(inverse, dy, { left: true }), inverse, { right: true }))],
  );
}

function doubling(a: Tensor): Tensor {
  const size = a.shape[a.shape.length - 1];
  // Of blocks of size 1 the inverse is I, so that the first round needs no product.
  let inverse = sub(eye(size), mul(a, joining(size, 1)));
  for (let block = 2; block < size; block *= 2) {
    inverse = sub(inverse, matmul(matmul(inverse, mul(a, joining(size, block))), inverse));
  }
  return inverse;
}

/** 1 where row and column lie in the two halves of one block of twice the size, `[C, C]`. */
function joining(size: number, block: number): Tensor {
  const half = (i: number): number => Math.floor(i / block);
  const values = Float32Array.from({ length: size * size }, (_, at) => {
    const [row, column] = [half(Math.floor(at / size)), half(at % size)];
    return row === column + 1 && row % 2 === 1 ? 1 : 0;
  });
  return tensor(values, [size, size]);
}
