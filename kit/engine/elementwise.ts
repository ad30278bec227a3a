/** Operations that act on each element, with NumPy's broadcasting. */
import { type AttributeValue, constantPrimitive, execute, primitive } from "./primitive.js";
import { broadcastTo, sumTo } from "./reduce.js";
import { type DType, scalar, type Tensor } from "./tensor.js";

/** An operand: a tensor, or a number that is broadcast as a float32 scalar. */
export type Operand = Tensor | number;

const lift = (x: Operand): Tensor => (typeof x === "number" ? scalar(x) : x);

type Unary = (x: Tensor) => Tensor;

/** A unary operation whose gradient is `dy · slope(x, y)`. */
function unary(op: string, slope: (x: Tensor, y: Tensor, dy: Tensor) => Tensor, keep: "input" | "output"): Unary {
  return (x) =>
    primitive(
      [x],
      () => {
        const [value] = execute(op, [x]);
        return { value, save: [keep === "input" ? x : value] };
      },
      (dy, [saved]) => [() => slope(saved, saved, dy)],
    );
}

export const neg: Unary = (x) =>
  primitive(
    [x],
    () => ({ value: execute("Neg", [x])[0] }),
    (dy) => [() => neg(dy)],
  );
export const exp: Unary = unary("Exp", (_, y, dy) => mul(dy, y), "output");
export const log: Unary = unary("Log", (x, _, dy) => div(dy, x), "input");
export const sqrt: Unary = unary("Sqrt", (_, y, dy) => div(mul(dy, 0.5), y), "output");
export const rsqrt: Unary = unary("Rsqrt", (_, y, dy) => mul(mul(dy, -0.5), mul(y, mul(y, y))), "output");
export const square: Unary = unary("Square", (x, _, dy) => mul(dy, mul(x, 2)), "input");
export const abs: Unary = unary("Abs", (x, _, dy) => mul(dy, sign(x)), "input");
export const sin: Unary = unary("Sin", (x, _, dy) => mul(dy, cos(x)), "input");
export const cos: Unary = unary("Cos", (x, _, dy) => neg(mul(dy, sin(x))), "input");
export const tanh: Unary = unary("Tanh", (_, y, dy) => mul(dy, sub(1, square(y))), "output");
export const relu: Unary = unary("Relu", (_, y, dy) => execute("ReluGrad", [dy, y])[0], "output");
export const sigmoid: Unary = unary("Sigmoid", (_, y, dy) => mul(dy, mul(y, sub(1, y))), "output");
/** `log(1 + eˣ)` without overflow. */
export const softplus: Unary = unary("Softplus", (x, _, dy) => mul(dy, sigmoid(x)), "input");

/** `x · σ(x)`, also called swish. One tape entry: its gradient needs only `x`. */
export const silu: Unary = (x) =>
  primitive(
    [x],
    () => ({ value: mul(x, sigmoid(x)), save: [x] }),
    (dy, [input]) => [
      () => {
        const gate = sigmoid(input);
        return mul(dy, mul(gate, add(1, mul(input, sub(1, gate)))));
      },
    ],
  );

export const sign: Unary = (x) => constantPrimitive("Sign", [x]);
export const floor: Unary = (x) => constantPrimitive("Floor", [x]);
/** Rounds half to even, as PyTorch and NumPy do. */
export const round: Unary = (x) => constantPrimitive("Rint", [x]);
export const finiteMask: Unary = (x) => constantPrimitive("IsFinite", [x]);
export const not: Unary = (x) => constantPrimitive("LogicalNot", [x]);

type Binary = (a: Operand, b: Operand) => Tensor;

/** A binary operation; `slopes` give the gradient before it is summed to each operand's shape. */
function binary(
  op: string,
  slopes: readonly [(dy: Tensor, a: Tensor, b: Tensor) => Tensor, (dy: Tensor, a: Tensor, b: Tensor) => Tensor],
  keeps: boolean,
): Binary {
  return (left, right) => {
    const [a, b] = [lift(left), lift(right)];
    return primitive(
      [a, b],
      () => ({ value: execute(op, [a, b])[0], save: keeps ? [a, b] : [] }),
      (dy, [savedA, savedB]) => [
        () => sumTo(slopes[0](dy, savedA, savedB), a.shape),
        () => sumTo(slopes[1](dy, savedA, savedB), b.shape),
      ],
    );
  };
}

export const add: Binary = binary("AddV2", [(dy) => dy, (dy) => dy], false);
export const sub: Binary = binary("Sub", [(dy) => dy, (dy) => neg(dy)], false);
export const mul: Binary = binary("Mul", [(dy, _, b) => mul(dy, b), (dy, a) => mul(dy, a)], true);
export const div: Binary = binary(
  "RealDiv",
  [(dy, _, b) => div(dy, b), (dy, a, b) => neg(div(mul(dy, a), square(b)))],
  true,
);
/** At a tie the gradient goes to the first operand. */
export const maximum: Binary = binary(
  "Maximum",
  [(dy, a, b) => mul(dy, cast(greaterEqual(a, b), "float32")), (dy, a, b) => mul(dy, cast(less(a, b), "float32"))],
  true,
);
/** At a tie the gradient goes to the first operand. */
export const minimum: Binary = binary(
  "Minimum",
  [(dy, a, b) => mul(dy, cast(lessEqual(a, b), "float32")), (dy, a, b) => mul(dy, cast(greater(a, b), "float32"))],
  true,
);

const comparison =
  (op: string): Binary =>
  (left, right) => {
    // A bare number takes the other side's element type, so that ids compare with ids.
    const other = typeof left === "number" ? right : left;
    const kind: DType = typeof other === "number" ? "float32" : other.dtype;
    const of = (x: Operand): Tensor => (typeof x === "number" ? scalar(x, kind) : x);
    return constantPrimitive(op, [of(left), of(right)]);
  };

export const equal: Binary = comparison("Equal");
export const greater: Binary = comparison("Greater");
export const greaterEqual: Binary = comparison("GreaterEqual");
export const less: Binary = comparison("Less");
export const lessEqual: Binary = comparison("LessEqual");
export const and: Binary = (a, b) => constantPrimitive("LogicalAnd", [lift(a), lift(b)]);
export const or: Binary = (a, b) => constantPrimitive("LogicalOr", [lift(a), lift(b)]);

/** `condition ? a : b` for each element; the three shapes broadcast. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  const [yes, no] = [lift(a), lift(b)];
  return primitive(
    [yes, no],
    () => ({ value: execute("SelectV2", [condition, yes, no])[0], save: [condition] }),
    (dy, [saved]) => [
      () => sumTo(execute("SelectV2", [saved, dy, scalar(0)])[0], yes.shape),
      () => sumTo(execute("SelectV2", [saved, scalar(0), dy])[0], no.shape),
    ],
  );
}

/** Limits each element to `[low, high]`; the gradient is zero outside. */
export function clip(x: Tensor, low: number, high: number): Tensor {
  return minimum(maximum(x, low), high);
}

/** Converts the element type; from float32 to int32 it truncates. Differentiable only from float32 to float32. */
export function cast(x: Tensor, dtype: DType): Tensor {
  if (x.dtype === dtype) return x;
  const attributes: Record<string, AttributeValue> = { DstT: { dtype } };
  return constantPrimitive("Cast", [x], attributes);
}

/** The value of `x`, through which no gradient flows. */
export function stopGradient(x: Tensor): Tensor {
  return primitive(
    [x],
    () => ({ value: execute("Identity", [x])[0] }),
    (dy) => [() => broadcastTo(scalar(0), dy.shape)],
  );
}
