import { UserError } from "../errors.js";
import { callers } from "./caller.js";
import type { Tensor } from "./tensor.js";

type Names<S extends string> = S extends `${infer Head} ${infer Tail}` ? Head | Names<Tail> : S;

/**
 * Binds the sizes of a tensor's axes to names and checks those that are already known.
 *
 * `const { B, T } = dims(x, "B T D", { D: config.width })`. A `_` skips an axis; a number fixes one.
 *
 * @param names One name per axis, separated by spaces.
 * @param known Sizes that must hold.
 * @throws UserError that names the calling function, what it expected and what it got.
 */
export function dims<S extends string>(
  x: Tensor,
  names: S,
  known: Readonly<Record<string, number>> = {},
): Record<Names<S>, number> {
  const axes = names.split(" ");
  const sizes: Record<string, number> = { ...known };
  let fits = axes.length === x.shape.length;
  for (const [i, axis] of axes.entries()) {
    if (axis === "_") continue;
    const expected = /^\d+$/.test(axis) ? Number(axis) : sizes[axis];
    fits &&= expected === undefined || expected === x.shape[i];
    sizes[axis] ??= x.shape[i];
  }
  if (!fits) {
    const bound = Object.entries(known).map(([name, size]) => `${name} = ${size}`);
    const caller = callers()[1]?.name ?? "dims";
    throw new UserError(`${caller}: the tensor has the shape [${x.shape}]`, {
      expected: `[${axes.join(", ")}]${bound.length > 0 ? ` with ${bound.join(", ")}` : ""}`,
    });
  }
  return sizes as Record<Names<S>, number>;
}
