import {
  concat,
  customGradient,
  eye,
  matmul,
  mul,
  narrow,
  neg,
  pad,
  reshape,
  stack,
  sub,
  type Tensor,
  tensor,
  zeros,
} from "../engine/index.js";

/**
 * `X = (I + A)⁻¹·Y` of a strictly lower triangular `A`, for many matrices at once.
 *
 * Gradients: `dY = (I + A)⁻ᵀ·dX` and `dA = −dY·Xᵀ`, which costs a third less than to differentiate the inverse and the
 * product. Outside of the strict lower triangle `dA` means nothing; mask `A`.
 *
 * @param a shape `[..., C, C]`, zero on and above the diagonal
 * @param y shape `[..., C, M]`
 * @returns shape `[..., C, M]`
 */
export function unitLowerSolve(a: Tensor, y: Tensor): Tensor {
  return customGradient(
    [a, y],
    () => {
      const inverse = unitLowerInverse(a);
      const x = matmul(inverse, y);
      return { value: x, save: [inverse, x] };
    },
    (dx, [inverse, x]) => {
      const dy = matmul(inverse, dx, { left: true });
      return [() => neg(matmul(dy, x, { right: true })), () => dy];
    },
  );
}

/** Blocks of at most this many rows are inverted whole: their products cost a call, not arithmetic. */
const wholeRows = 16;

/**
 * `(I + A)⁻¹` of a strictly lower triangular `A`, for many matrices at once.
 *
 * By halves: with `R₁` and `R₂` the inverses of the diagonal halves and `A₂₁` the part that joins them, the inverse is
 * `[[R₁, 0], [−R₂·A₂₁·R₁, R₂]]`. Both halves are found together, as twice as many matrices of half the size. Products of
 * a fourteenth of the work of {@link doubled} for C = 64, and as accurate as substitution.
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
      const inverse = byHalves(a);
      return { value: inverse, save: [inverse] };
    },
    (dy, [inverse]) => [() => neg(matmul(matmul(inverse, dy, { left: true }), inverse, { right: true }))],
  );
}

function byHalves(a: Tensor): Tensor {
  const C = a.shape[a.shape.length - 1];
  if (C <= wholeRows) return doubled(a);
  // Rows of zeros behind an odd last one: their inverse is I and touches no other row.
  if (C % 2 === 1) return corner(byHalves(widened(a)), C);
  const half = C / 2;
  const outer = a.shape.slice(0, -2);
  const block = (row: number, column: number): Tensor =>
    narrow(narrow(a, -2, row * half, half), -1, column * half, half);
  const both = byHalves(stack([block(0, 0), block(1, 1)]));
  const [first, second] = [0, 1].map((i) => reshape(narrow(both, 0, i, 1), [...outer, half, half]));
  const joint = neg(matmul(matmul(second, block(1, 0)), first));
  const rows = [
    [first, zeros(first.shape)],
    [joint, second],
  ];
  return concat(
    rows.map((row) => concat(row, -1)),
    -2,
  );
}

/** One more row and column of zeros. */
function widened(a: Tensor): Tensor {
  return pad(
    a,
    a.shape.map((_, i) => [0, i < a.shape.length - 2 ? 0 : 1]),
  );
}

/** The first `C` rows and columns. */
function corner(a: Tensor, C: number): Tensor {
  return narrow(narrow(a, -2, 0, C), -1, 0, C);
}

/**
 * The inverse of the diagonal blocks doubles in size at each round: with `R` the inverse for blocks of size m and `A₂₁` the
 * part of `A` that joins two of them, `R ← R − R·A₂₁·R`. ⌈log₂ C⌉ rounds of two products of whole matrices.
 * (The shorter `Π (I + (−A)^(2ⁱ))` is not accurate: for equal keys its powers grow to 10¹⁷ before they cancel.)
 */
function doubled(a: Tensor): Tensor {
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
