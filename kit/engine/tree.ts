/** A plain nested value whose leaves are `L`: objects and arrays all the way down, no classes. */
export type Tree<L> = L | { readonly [key: string]: Tree<L> | undefined } | readonly (Tree<L> | undefined)[];

/** The same nested shape with every leaf of type `A` replaced by `B`. */
export type Mapped<T, A, B> = T extends A ? B : { [K in keyof T]: Mapped<T[K], A, B> };

/** Tells a leaf from a branch. Branches are arrays and objects made by a literal, in this realm or a notebook's. */
function isBranch(value: unknown): value is Record<string, unknown> | unknown[] {
  if (Array.isArray(value)) return true;
  if (typeof value !== "object" || value === null || isRef(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** A `TensorRef`, or values on their way to a file, is a plain object too: an element type and a shape tell it. */
function isRef(value: object): boolean {
  return "dtype" in value && "shape" in value;
}

/** Applies `f` to each leaf with its path (`layers.3.mixer.q`) and keeps the nesting. */
export function map<A, B, T>(tree: T, f: (leaf: A, path: string) => B): Mapped<T, A, B> {
  return walk(tree, "", f as (leaf: unknown, path: string) => unknown) as Mapped<T, A, B>;
}

function walk(tree: unknown, path: string, f: (leaf: unknown, path: string) => unknown): unknown {
  if (tree === undefined) return undefined;
  if (!isBranch(tree)) return f(tree, path);
  const at = (key: string | number): string => (path === "" ? String(key) : `${path}.${key}`);
  if (Array.isArray(tree)) return tree.map((child, i) => walk(child, at(i), f));
  return Object.fromEntries(Object.entries(tree).map(([key, child]) => [key, walk(child, at(key), f)]));
}

/** Every leaf with its path, depth first, in the order of the object's keys. */
export function entries<L>(tree: unknown): [path: string, leaf: L][] {
  const found: [string, L][] = [];
  walk(tree, "", (leaf, path) => found.push([path, leaf as L]));
  return found;
}

/** Every leaf, in the order of {@link entries}. */
export function leaves<L>(tree: unknown): L[] {
  return entries<L>(tree).map(([, leaf]) => leaf);
}
