import { UserError } from "../errors.js";
import { type Backward, primitive } from "./primitive.js";
import { full } from "./shape.js";
import { isTensor, type Tensor } from "./tensor.js";
import { tape } from "./tensorflow.js";
import { leaves, map } from "./tree.js";

/**
 * Value and gradient of a scalar function of a tree.
 *
 * @param fn From the tree to one scalar; a second value it returns beside it (`{ loss, aux }`) is not needed: compute it
 *   from the same functions instead.
 * @param params Tree of float32 tensors. A leaf the value does not depend on gets a gradient of zeros.
 * @returns `value`, and `gradients` with the structure of `params`.
 * @throws UserError when the value is not a scalar.
 */
export function valueAndGradient<P>(fn: (params: P) => Tensor, params: P): { value: Tensor; gradients: P } {
  const inputs = leaves<Tensor>(params);
  const unusable = inputs.find((x) => !isTensor(x) || x.dtype !== "float32");
  if (unusable !== undefined) throw new UserError("gradient: a leaf is not a float32 tensor");
  const { value, grads } = tape().gradients(() => scalarOf(fn(params)), inputs, null, true) as {
    value: Tensor;
    grads: (Tensor | null | undefined)[];
  };
  let next = 0;
  const gradients = map<Tensor, Tensor, P>(params, (x) => grads[next++] ?? full(x.shape, 0));
  return { value, gradients: gradients as P };
}

function scalarOf(value: Tensor): Tensor {
  if (value.size !== 1 || value.shape.length !== 0) {
    throw new UserError(`gradient: the function returned the shape [${value.shape}]`, { expected: "a scalar" });
  }
  return value;
}

/**
 * A function with a gradient of your own.
 *
 * @param inputs Tensors it may be differentiated by.
 * @param forward Returns the value and the tensors the gradient needs.
 * @param backward One function per input. It sees only `dy` and what `forward` saved: an input that was not saved may be
 *   gone by then.
 */
export function customGradient(
  inputs: readonly Tensor[],
  forward: () => { readonly value: Tensor; readonly save?: readonly Tensor[] },
  backward: Backward,
): Tensor {
  return primitive(inputs, forward, backward);
}
