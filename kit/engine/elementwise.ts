/**
 * Operations that act on each element, with NumPy's broadcasting. An operand that is a number takes the element type of the
 * other one.
 */
import { sumTo } from "./broadcast.js";
import { lift, type Operand, primitive, run } from "./primitive.js";
import { scope } from "./scope.js";
import { type DType, isTensor, type Tensor } from "./tensor.js";

export type { Operand };

type Unary = (x: Tensor) => Tensor;

/** A unary operation with the gradient `slope(saved, dy)`, where `saved` is the operation's input or its output. */
function unary(op: string, keep: "input" | "output", slope: (saved: Tensor, dy: Tensor) => Tensor): Unary {
  return (x) =>
    primitive(
      [x],
      () => {
        const value = run(op, [x]);
        return { value, save: [keep === "input" ? x : value] };
      },
      (dy, [saved]) => [() => slope(saved, dy)],
    );
}

export const neg: Unary = (x) =>
  primitive(
    [x],
    () => ({ value: run("Neg", [x]) }),
    (dy) => [() => neg(dy)],
  );
export const exp: Unary = unary("Exp", "output", (y, dy) => mul(dy, y));
export const log: Unary = unary("Log", "input", (x, dy) => div(dy, x));
export const sqrt: Unary = unary("Sqrt", "output", (y, dy) => div(mul(dy, 0.5), y));
export const rsqrt: Unary = unary("Rsqrt", "output", (y, dy) => mul(mul(dy, -0.5), mul(y, mul(y, y))));
export const square: Unary = unary("Square", "input", (x, dy) => mul(dy, mul(x, 2)));
/** Its gradient at 0 is 0. */
export const abs: Unary = unary("Abs", "input", (x, dy) => mul(dy, sign(x)));
export const sin: Unary = unary("Sin", "input", (x, dy) => mul(dy, cos(x)));
export const cos: Unary = unary("Cos", "input", (x, dy) => neg(mul(dy, sin(x))));
export const tanh: Unary = unary("Tanh", "output", (y, dy) => mul(dy, sub(1, square(y))));
/** Its gradient at 0 is 0. */
export const relu: Unary = unary("Relu", "output", (y, dy) => where(greater(y, 0), dy, 0));
export const sigmoid: Unary = unary("Sigmoid", "output", (y, dy) => mul(dy, mul(y, sub(1, y))));
/** `log(1 + eˣ)` without overflow. */
export const softplus: Unary = unary("Softplus", "input", (x, dy) => mul(dy, sigmoid(x)));

/**
 * `x · σ(x)`, also called swish. One tape entry: its gradient needs only `x`.
 *
 * Written as quotients, `x / (1 + e⁻ˣ)`: XLA computes what ends in a product again for each of its readers, and a short
 * convolution has four; what ends in a quotient it computes once.
 */
export const silu: Unary = (x) =>
  primitive(
    [x],
    () => ({ value: div(x, add(exp(neg(x)), 1)), save: [x] }),
    (dy, [input]) => [
      () => {
        const below = add(exp(neg(input)), 1);
        return div(mul(dy, add(1, mul(input, sub(1, div(1, below))))), below);
      },
    ],
  );

// Steps: their gradient is zero wherever they have one, so that none flows through them.
export const sign: Unary = (x) => run("Sign", [x]);
export const floor: Unary = (x) => run("Floor", [x]);
/** Rounds half to even, as PyTorch and NumPy do. */
export const round: Unary = (x) => run("Rint", [x]);

type Binary = (a: Operand, b: Operand) => Tensor;

type Slope = (dy: Tensor, a: Operand, b: Operand) => Tensor;

/**
 * A binary operation.
 *
 * @param slopes Gradients by the first and by the second operand, before they are summed to its shape.
 * @param needs Whether the slopes look at the operands.
 */
function binary(op: string, slopes: readonly [Slope, Slope], needs: boolean): Binary {
  // By name: `parts.reduce(add)` hands over two more arguments, which TensorFlow would take as inputs.
  return (first, second) => {
    const operands = [first, second];
    const inputs = operands.filter(isTensor);
    return primitive(
      inputs,
      () => ({ value: run(op, lift(operands)), save: needs ? inputs : [] }),
      (dy, saved) => {
        const rest = [...saved];
        const [a, b] = needs ? operands.map((x) => (isTensor(x) ? rest.shift()! : x)) : operands;
        return operands.flatMap((x, i) => (isTensor(x) ? [() => sumTo(slopes[i](dy, a, b), x.shape)] : []));
      },
    );
  };
}

export const add: Binary = binary("AddV2", [(dy) => dy, (dy) => dy], false);
export const sub: Binary = binary("Sub", [(dy) => dy, (dy) => neg(dy)], false);
export const mul: Binary = binary("Mul", [(dy, _, b) => mul(dy, b), (dy, a) => mul(dy, a)], true);
export const div: Binary = binary(
  "RealDiv",
  [(dy, _, b) => div(dy, b), (dy, a, b) => neg(div(mul(dy, div(a, b)), b))],
  true,
);
/** At a tie the gradient goes to the first operand. */
export const maximum: Binary = binary(
  "Maximum",
  [(dy, a, b) => where(greaterEqual(a, b), dy, 0), (dy, a, b) => where(less(a, b), dy, 0)],
  true,
);
/** At a tie the gradient goes to the first operand. */
export const minimum: Binary = binary(
  "Minimum",
  [(dy, a, b) => where(lessEqual(a, b), dy, 0), (dy, a, b) => where(greater(a, b), dy, 0)],
  true,
);

const comparison =
  (op: string): Binary =>
  (a, b) =>
    run(op, lift([a, b]));

export const equal: Binary = comparison("Equal");
export const greater: Binary = comparison("Greater");
export const greaterEqual: Binary = comparison("GreaterEqual");
export const less: Binary = comparison("Less");
export const lessEqual: Binary = comparison("LessEqual");

export const not: Unary = (x) => run("LogicalNot", [x]);
export const and = (a: Tensor, b: Tensor): Tensor => run("LogicalAnd", [a, b]);
export const or = (a: Tensor, b: Tensor): Tensor => run("LogicalOr", [a, b]);
/** `true` where the element is neither NaN nor an infinity. */
export const finiteMask: Unary = (x) => run("IsFinite", [x]);

/** `condition ? a : b` for each element; the three shapes broadcast. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  const operands = [a, b];
  return primitive(
    operands.filter(isTensor),
    () => ({ value: run("SelectV2", [condition, ...lift(operands)]), save: [condition] }),
    (dy, [saved]) => {
      const parts = [() => where(saved, dy, 0), () => where(saved, 0, dy)];
      return operands.flatMap((x, i) => (isTensor(x) ? [() => sumTo(parts[i](), x.shape)] : []));
    },
  );
}

/** Limits each element to `[low, high]`; the gradient is zero outside. */
export function clip(x: Tensor, low: number, high: number): Tensor {
  return scope(() => minimum(maximum(x, low), high));
}

/** Converts the element type; from float32 to int32 it truncates. No gradient flows through a conversion. */
export function cast(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : run("Cast", [x], { DstT: { dtype } });
}

/** The value of `x`, through which no gradient flows. */
export function stopGradient(x: Tensor): Tensor {
  return run("Identity", [x]);
}
