/** Losses that a teacher takes part in: its distribution of the next token, and its residual stream. */
import {
  add,
  cast,
  customGradient,
  dims,
  div,
  exp,
  greaterEqual,
  log,
  matmul,
  max,
  maximum,
  mul,
  reshape,
  sparseCrossEntropy,
  square,
  sub,
  sum,
  type Tensor,
} from "../engine/index.js";
import { UserError } from "../errors.js";
import { type ForwardOptions, head, hidden, type Model, type ModelConfig, residualStream } from "../model/index.js";
import { rmsNorm } from "../nn/index.js";
import { clampIds } from "./loss.js";
import type { Loss } from "./step.js";

/** How a student learns from a teacher. */
export type DistillationSpec = {
  /** τ, which softens both distributions. Default 2. */
  readonly temperature?: number;
  /** w, the teacher's share of the loss; the rest is the text's. Default 0.5. */
  readonly weight?: number;
  /** h, the weight of matching the residual stream. Default 0: it is not computed. */
  readonly hidden?: number;
};

/**
 * A loss with a teacher that stays as it is:
 *
 * ```
 * L = (1−w)·H(text, s) + w·τ²·KL(softmax(t/τ) ‖ softmax(s/τ)) + (h/L) Σₗ ‖xₗ − x̂ₗ‖² / ‖x̂ₗ‖²
 * ```
 *
 * with the scores s of the student and t of the teacher, and their residual streams x and x̂ after each of L blocks. The two
 * means of losses are over the targets that count. Streams are matched at every token: of a prompt no target counts, and what
 * answers it reads its keys and values. τ² keeps the size of the gradient, whatever the temperature.
 *
 * @throws UserError when the two do not share a vocabulary, or a stream that is to be matched
 * @source G. Hinton, O. Vinyals, J. Dean, Distilling the Knowledge in a Neural Network (2015); for the streams
 * A. Romero et al., FitNets (2015), here at equal width and relative to the teacher's
 */
export function distillation(teacher: Model<Tensor>, spec: DistillationSpec = {}): Loss {
  const { hidden: matching = 0 } = spec;
  return (student, inputs, targets, options) => {
    expectTeacher(student.config, teacher.config, spec);
    const { own, taught, distance } =
      matching > 0 ? matchedStreams(student, teacher, inputs, options) : streams(student, teacher, inputs, options);
    const rows = (x: Tensor): Tensor => reshape(x, [-1, x.shape[x.shape.length - 1]]);
    const table = student.params.head ?? student.params.embed;
    const scores = rows(head(teacher, taught));
    const loss = headDistillation(rows(own), table, reshape(targets, [-1]), scores, spec);
    return distance === undefined ? loss : add(loss, mul(distance, matching));
  };
}

type Streams = { readonly own: Tensor; readonly taught: Tensor; readonly distance?: Tensor };

function streams(student: Model<Tensor>, teacher: Model<Tensor>, inputs: Tensor, options: ForwardOptions): Streams {
  return { own: hidden(student, inputs, options), taught: hidden(teacher, inputs, { segments: options.segments }) };
}

/** The same, keeping what each block left behind. */
function matchedStreams(
  student: Model<Tensor>,
  teacher: Model<Tensor>,
  inputs: Tensor,
  options: ForwardOptions,
): Streams {
  const last = ({ config, params }: Model<Tensor>, stream: readonly Tensor[]): Tensor =>
    rmsNorm(params.norm, stream[stream.length - 1], config.normEps);
  const [own, taught] = [student, teacher].map((model) => residualStream(model, inputs, options));
  const distances = own.slice(1).map((x, i) => div(sum(square(sub(x, taught[i + 1]))), sum(square(taught[i + 1]))));
  return {
    own: last(student, own),
    taught: last(teacher, taught),
    distance: div(distances.reduce(add), distances.length),
  };
}

/** @throws UserError when the two do not share a vocabulary, or a stream that is to be matched */
export function expectTeacher(student: ModelConfig, teacher: ModelConfig, { hidden = 0 }: DistillationSpec): void {
  if (student.vocab !== teacher.vocab) {
    throw new UserError(`the teacher has ${teacher.vocab} tokens and the student ${student.vocab}`, {
      expected: "one vocabulary",
      fix: "Take the model that the student was made from",
    });
  }
  if (hidden === 0) return;
  for (const [what, own, taught] of [
    ["blocks", student.layers.length, teacher.layers.length],
    ["channels", student.width, teacher.width],
  ] as const) {
    if (own === taught) continue;
    throw new UserError(`the teacher has ${taught} ${what} and the student ${own}`, {
      expected: "streams of one shape",
      fix: "Leave the matching of hidden states out: hidden 0",
    });
  }
}

/**
 * The two distributions' part of {@link distillation}, with a gradient by the scores that is written once:
 * `(1−w)(softmax(s) − onehot) + w·τ·(softmax(s/τ) − softmax(t/τ))`, over the number of targets that count.
 *
 * @param x shape `[R, D]`
 * @param matrix the student's head, shape `[N, D]`
 * @param targets shape `[R]` int32; a negative id leaves the row out
 * @param taught the teacher's scores, shape `[R, N]`
 * @returns a scalar
 */
export function headDistillation(
  x: Tensor,
  matrix: Tensor,
  targets: Tensor,
  taught: Tensor,
  { temperature = 2, weight = 0.5 }: DistillationSpec = {},
): Tensor {
  const { R, D } = dims(x, "R D", { R: dims(targets, "R").R });
  dims(taught, "R N", { R, N: dims(matrix, "N D", { D }).N });
  return customGradient(
    [x, matrix],
    () => {
      const counted = reshape(cast(greaterEqual(targets, 0), "float32"), [R, 1]);
      const shares = div(counted, maximum(sum(counted), 1));
      const scores = matmul(x, matrix, { right: true });
      const { losses, gradient } = sparseCrossEntropy(scores, clampIds(targets));
      const [own, given] = [logSoftmax(div(scores, temperature)), logSoftmax(div(taught, temperature))];
      const probabilities = exp(given);
      const divergence = sum(mul(probabilities, sub(given, own)), { axis: -1, keep: true });
      const rows = add(mul(reshape(losses, [R, 1]), 1 - weight), mul(divergence, weight * temperature * temperature));
      const byScores = add(mul(gradient, 1 - weight), mul(sub(exp(own), probabilities), weight * temperature));
      return { value: sum(mul(rows, shares)), save: [x, matrix, mul(byScores, shares)] };
    },
    (dy, [rows, table, byScores]) => [
      () => mul(matmul(byScores, table), dy),
      () => mul(matmul(byScores, rows, { left: true }), dy),
    ],
  );
}

function logSoftmax(scores: Tensor): Tensor {
  const shifted = sub(scores, max(scores, { axis: -1, keep: true }));
  return sub(shifted, log(sum(exp(shifted), { axis: -1, keep: true })));
}
