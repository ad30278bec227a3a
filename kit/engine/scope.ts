/** The one place that frees memory before the garbage collector does. */
import { types } from "node:util";
import { UserError } from "../errors.js";
import { isTensor, type Tensor } from "./tensor.js";
import { backend, freeWhenUnreachable, idOf, insides, isLoaded, memory, type OpenScope } from "./tensorflow.js";
import { leaves } from "./tree.js";

/**
 * Runs `fn` and frees every tensor it made, except those in its result.
 *
 * @param fn Synchronous; its result is any tree, of which the tensors survive.
 * @throws UserError when `fn` is asynchronous: tensors made after the first `await` would belong to nobody.
 */
export function scope<T>(fn: () => T): T {
  const engine = memory();
  engine.startScope("scope");
  let survivors: Tensor[] = [];
  try {
    const result = fn();
    if (types.isPromise(result)) {
      result.catch(() => undefined);
      throw new UserError("scope: the function is asynchronous", {
        fix: "Await before or after the scope, not inside",
      });
    }
    survivors = tensorsOf(result);
    return result;
  } finally {
    engine.endScope(survivors);
    for (const survivor of survivors) freeWhenUnreachable(survivor);
  }
}

/**
 * Ends every open scope, as if the functions had thrown.
 *
 * @param before called with each, from the inside out, while it is still open
 */
export function endScopes(before: (scope: OpenScope) => void): void {
  const engine = memory();
  while (engine.state.activeScope !== null) {
    before(engine.state.activeScope);
    engine.endScope([]);
  }
}

/**
 * Runs one step of a loop: frees what the step made beside its result, then what it left behind of the old state.
 *
 * @param state Tree of tensors the loop carries.
 * @param step Pure function of the state.
 */
export function carry<S, R>(state: S, step: (state: S) => R): R {
  const result = scope(() => step(state));
  const kept = new Set(tensorsOf(result).map((tensor) => tensor.id));
  free(tensorsOf(state).filter((tensor) => !kept.has(tensor.id)));
  return result;
}

/** Frees the tensors of a tree now. Only long-lived values need it: a model that is no longer wanted. */
export function free(tree: unknown): void {
  if (!isLoaded()) return;
  for (const tensor of tensorsOf(tree)) insides(tensor).dispose();
}

/** The same memory under a tensor of its own, so that each may be freed without the other. */
export function share(x: Tensor): Tensor {
  idOf(x);
  backend().incRef(insides(x).dataId);
  return memory().makeTensorFromTensorInfo(x);
}

function tensorsOf(tree: unknown): Tensor[] {
  return leaves<unknown>(tree).filter(isTensor);
}
