/** What is asked of scores: how likely a target is, and what is the likeliest in its place. */
import {
  argmax,
  compile,
  type ExecutionBackend,
  gather,
  logSumExp,
  max,
  mul,
  read,
  reshape,
  sub,
  sum,
  type Tensor,
  tensor,
} from "../../engine/index.js";
import { lengthClass } from "../../measure/windows.js";
import { head, type Model, type ModelParams } from "../../model/index.js";
import type { Placed } from "./plan.js";
import type { TokenScores } from "./tokenScores.js";

/** Most scores, of all words at all places together, that are held at once: 64 MB. */
const HEAD_ROOM = 2 ** 24;

/**
 * A function that answers what is wanted of a residual stream, behind the last norm, `[·, D]`. Only places that are asked about
 * go through the head, each once for what is asked of it several times.
 */
export function predictor(
  { config, params }: Model<Tensor>,
  backend: ExecutionBackend,
): (x: Tensor, wanted: readonly Placed[], answers: readonly TokenScores[]) => void {
  const predict = compile(
    (params: ModelParams<Tensor>, x: Tensor, positions: Tensor, targets: Tensor) =>
      predictionsAt({ config, params }, x, positions, targets),
    { backend, newShapes: "expect", name: "predictions" },
  );
  // The head needs no layers, and what is not used need not be an argument of its graph.
  const top = { ...params, layers: [] };
  const most = Math.max(64, Math.min(2048, 2 ** Math.floor(Math.log2(HEAD_ROOM / config.vocab))));
  return (x, wanted, answers) => {
    const questions = [...alike(wanted, config.vocab).values()];
    for (let at = 0; at < questions.length; at += most) {
      const part = questions.slice(at, at + most);
      const size = Math.min(most, lengthClass(part.length, 64));
      const [positions, targets] = [new Int32Array(size), new Int32Array(size)];
      for (const [i, [{ position, target }]] of part.entries()) [positions[i], targets[i]] = [position, target];
      const found = predict(top, x, tensor(positions), tensor(targets));
      const [own, best, bestOwn] = [read(found.own), read(found.best), read(found.bestOwn)];
      for (const [i, asked] of part.entries()) {
        for (const { request, token, target } of asked) {
          const answer = answers[request];
          answer.best[token] = best[i];
          answer.bestLogLikelihoods[token] = bestOwn[i];
          answer.logLikelihoods[token] = best[i] === target ? bestOwn[i] : own[i];
        }
      }
    }
  };
}

/** Predictions in groups that are one and the same: of one place, of one target. */
function alike(wanted: readonly Placed[], vocab: number): Map<number, Placed[]> {
  const groups = new Map<number, Placed[]>();
  for (const each of wanted) {
    const key = each.position * vocab + each.target;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [each]);
    else group.push(each);
  }
  return groups;
}

/** Log-likelihoods of targets, the likeliest ids in their places and the log-likelihoods of these, each `[P]`. */
type Predictions = { readonly own: Tensor; readonly best: Tensor; readonly bestOwn: Tensor };

/**
 * Predictions at some places of a residual stream.
 *
 * @param x behind the last norm, shape `[·, D]`
 * @param positions rows of it, shape `[P]` int32
 * @param targets shape `[P]` int32
 */
function predictionsAt(model: Model<Tensor>, x: Tensor, positions: Tensor, targets: Tensor): Predictions {
  const rows = gather(x, positions);
  const scores = head(model, rows);
  const total = logSumExp(scores);
  // A target's score is a product with its own row of the head: no one-hot matrix of the size of all scores.
  const own = sum(mul(rows, gather(model.params.head ?? model.params.embed, targets)), { axis: -1 });
  // The same peak as in the line above it, which a graph then computes once.
  const peak = reshape(max(scores, { axis: -1, keep: true }), total.shape);
  return { own: sub(own, total), best: argmax(scores), bestOwn: sub(peak, total) };
}
