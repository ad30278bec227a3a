import { nearest, UserError } from "../errors.js";

/**
 * The one that has a name.
 *
 * @param kind what they are, for the error: `study`
 * @throws UserError when there is none, with the nearest name there is
 */
export function named<One extends { readonly name: string }>(all: readonly One[], kind: string, name: string): One {
  const found = all.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = all.map((one) => one.name);
  const near = nearest(name, names);
  throw new UserError(`there is no ${kind} "${name}"`, {
    expected: names.join(", "),
    fix: near === undefined ? undefined : `Did you mean ${near}?`,
  });
}
