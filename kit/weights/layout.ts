import * as tree from "../engine/tree.js";
import type { LlamaConfig, LlamaParams } from "../model/config.js";
import { type Shape, shapes } from "../model/index.js";

/** The shape of every parameter, by path, in reading order. Linear layers are `[out, in]`. */
export function parameterShapes(config: LlamaConfig): Map<string, readonly number[]> {
  return new Map(tree.entries<Shape>(shapes(config)).map(([path, { shape }]) => [path, shape]));
}

/** The parameter tree a config calls for, each leaf made from its path and shape. */
export function paramsOf<L>(config: LlamaConfig, leaf: (path: string, shape: readonly number[]) => L): LlamaParams<L> {
  const made = tree.map<Shape, L, LlamaParams<Shape>>(shapes(config) as LlamaParams<Shape>, ({ shape }, path) =>
    leaf(path, shape),
  );
  return made as LlamaParams<L>;
}
