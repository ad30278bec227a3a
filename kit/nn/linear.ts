import { matmulTransposed, type Tensor } from "../engine/index.js";

/**
 * `y = x · Wᵀ`, without bias.
 *
 * @param weight shape `[out, in]`
 * @param x shape `[..., in]`
 * @returns shape `[..., out]`
 */
export function linear(weight: Tensor, x: Tensor): Tensor {
  return matmulTransposed(x, weight);
}
