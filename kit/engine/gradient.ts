/** Reverse-mode differentiation over the tape that `primitive` writes. */
import { UserError } from "../errors.js";
import { add } from "./elementwise.js";
import { full } from "./make.js";
import { type Backward, currentTape, type Entry, type Forward, primitive, withTape } from "./primitive.js";
import { free, scope, share } from "./scope.js";
import { reshape } from "./shape.js";
import { isTensor, type Tensor } from "./tensor.js";
import { leaves, map } from "./tree.js";

/**
 * Value and gradient of a scalar function of a tree.
 *
 * May be nested: a gradient can itself be differentiated.
 *
 * @param fn From the tree to one scalar.
 * @param params Tree of float32 tensors. A leaf the value does not depend on gets a gradient of zeros.
 * @returns `value`, and `gradients` with the structure of `params`.
 * @throws UserError when the value is not a scalar, or a leaf not float32.
 */
export function valueAndGradient<P>(fn: (params: P) => Tensor, params: P): { value: Tensor; gradients: P } {
  if (!leaves<Tensor>(params).every((x) => isTensor(x) && x.dtype === "float32")) {
    throw new UserError("gradient: a leaf is not a float32 tensor");
  }
  // An inner gradient goes on with the tape of the outer one, which differentiates through it.
  const outer = currentTape();
  const tape = outer ?? [];
  try {
    return scope(() => {
      const distinct = apart(params);
      const start = tape.length;
      const value = withTape(tape, () => scope(() => scalarOf(fn(distinct))));
      const found = backpropagate(tape.slice(start), value, leaves<Tensor>(distinct), outer !== undefined);
      const gradients = map<Tensor, Tensor, P>(distinct, (x) => found.get(x.id) ?? full(x.shape, 0));
      return { value, gradients: gradients as P };
    });
  } finally {
    if (outer === undefined) for (const { saved } of tape) free(saved);
  }
}

/** The same tree where no two leaves are one tensor: each has a gradient of its own. */
function apart<P>(params: P): P {
  const seen = new Set<number>();
  return map<Tensor, Tensor, P>(params, (x) => {
    if (seen.has(x.id)) return reshape(x, x.shape);
    seen.add(x.id);
    return x;
  }) as P;
}

function scalarOf(value: Tensor): Tensor {
  if (isTensor(value) && value.shape.length === 0 && value.dtype === "float32") return value;
  throw new UserError(`gradient: the function returned ${isTensor(value) ? `[${value.shape}]` : typeof value}`, {
    expected: "a float32 scalar",
  });
}

/**
 * Gradients of `value` by the tensors that lead to it, by tensor id.
 *
 * Each gradient is a tensor of its own, freed once it has been passed on: the backward pass holds little more than the
 * tape. A nested pass frees nothing, since the outer one still needs its entries and its results.
 */
function backpropagate(
  entries: readonly Entry[],
  value: Tensor,
  sources: readonly Tensor[],
  nested: boolean,
): Map<number, Tensor> {
  const dependent = new Set(sources.map((x) => x.id));
  const path = entries.filter(
    ({ inputs, output }) => inputs.some((x) => dependent.has(x.id)) && dependent.add(output.id),
  );
  const gradients = new Map([[value.id, full([], 1)]]);
  for (const { inputs, output, saved, backward } of path.reverse()) {
    const dy = gradients.get(output.id);
    if (dy === undefined) continue;
    const parts = backward(dy, saved);
    for (const [i, input] of inputs.entries()) {
      if (!dependent.has(input.id)) continue;
      const known = gradients.get(input.id);
      const sum = scope(() => {
        const part = parts[i]();
        if (known !== undefined) return add(known, part);
        // The part may be `dy` itself, a saved tensor, or one of the caller's.
        return nested ? part : share(part);
      });
      gradients.set(input.id, sum);
      if (!nested) free(known);
    }
    if (!nested) free([dy, ...saved]);
  }
  return gradients;
}

/**
 * A function with a gradient of your own. A second derivative sees what `backward` computes of `dy` and of inputs that were saved; what
 * else `forward` saved counts as constant there.
 *
 * @param inputs Tensors it may be differentiated by.
 * @param forward Returns the value and the tensors the gradient needs.
 * @param backward One function per input. It sees only `dy` and what `forward` saved: an input that was not saved may be
 *   gone by then.
 */
export function customGradient(inputs: readonly Tensor[], forward: Forward, backward: Backward): Tensor {
  const own: Forward = () => {
    const { value, save } = forward();
    // The value may be an input or a tensor made before: the tape needs one that it has not met.
    return { value: share(value), save };
  };
  return primitive(inputs, own, backward);
}
