import { UserError } from "../errors.js";
import { finiteMask } from "./elementwise.js";
import { all } from "./reduce.js";
import { scope } from "./scope.js";
import { read, type Tensor } from "./tensor.js";
import { entries } from "./tree.js";

/** Paths of the leaves that hold NaN or an infinity. */
export function nonFinite(tree: unknown): string[] {
  return entries<Tensor>(tree)
    .filter(([, x]) => x.dtype === "float32" && scope(() => read(all(finiteMask(x)))[0]) === 0)
    .map(([path]) => path);
}

/** @throws UserError that lists the first leaves of `tree` that are not finite. */
export function assertFinite(tree: unknown, what: string): void {
  const bad = nonFinite(tree);
  if (bad.length > 0) {
    const shown = bad.slice(0, 5).join(", ");
    throw new UserError(`${what} holds NaN or an infinity`, { where: bad.length > 5 ? `${shown}, …` : shown });
  }
}
