/** Token mixing: each channel of a mixer's output looks at its own last few values. */
import { add, full, type Tensor } from "../engine/index.js";
import type { Clock } from "./clock.js";
import type { Documents } from "./documents.js";
import { causalConvolutionStep, convolution, lastInputs } from "./shortConvolution.js";

export type TokenMixingSpec = {
  /** Tokens a channel sees, k. */
  readonly kernel: number;
  /** Whether the convolution has one; default no. */
  readonly bias?: true;
};

/** Shapes: `kernel` `[k, D]`, whose row `k − 1` multiplies the present; `bias` `[D]`. */
export type TokenMixingParams<Leaf> = { readonly kernel: Leaf; readonly bias?: Leaf };

/** Shape of `tail`: `[B, k − 1, D]`, the last inputs. */
export type TokenMixingState = { readonly tail: Tensor };

type Params = TokenMixingParams<Tensor>;
type Stepped = { readonly y: Tensor; readonly state: TokenMixingState };

/**
 * `y = x + conv(x) + bias`, a depthwise causal convolution over the last k tokens.
 *
 * With a kernel of zeros it changes nothing. A plain convolution is this one with 1 taken from the kernel's last row.
 *
 * @param x shape `[B, T, D]`: what attention, or another mixer, has put out
 * @param documents Default: a row is one.
 * @returns shape of `x`
 * @source The model cards of Liquid Metal: "blends information across tokens within each feature channel through depthwise
 * convolution". Decided here: it is causal (a centred one would see the next token) and stands beside a residual path
 */
export function tokenMixing(params: Params, x: Tensor, documents?: Documents): Tensor {
  return besides(params, x, convolution(x, params.kernel, documents));
}

function besides({ bias }: Params, x: Tensor, convolved: Tensor): Tensor {
  const mixed = add(x, convolved);
  return bias === undefined ? mixed : add(mixed, bias);
}

/** What is remembered before the first token. */
export function tokenMixingStart({ kernel }: TokenMixingSpec, batch: number, width: number): TokenMixingState {
  return { tail: full([batch, kernel - 1, width], 0) };
}

/**
 * {@link tokenMixing} over a prompt, and the state it leaves.
 *
 * @param x shape `[B, T, D]`; rows behind a sequence's end are padding
 */
export function tokenMixingPrefill(params: Params, x: Tensor, clock: Clock, { kernel }: TokenMixingSpec): Stepped {
  return { y: tokenMixing(params, x), state: { tail: lastInputs(x, clock.past, kernel - 1) } };
}

/** The next tokens, `x` of shape `[B, T, D]`. */
export function tokenMixingStep(params: Params, x: Tensor, state: TokenMixingState): Stepped {
  const { y, tail } = causalConvolutionStep(x, state.tail, params.kernel);
  return { y: besides(params, x, y), state: { tail } };
}
