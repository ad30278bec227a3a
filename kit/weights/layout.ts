import * as tree from "../engine/tree.js";
import type { LlamaConfig, LlamaParams, ModelConfig, ModelParams } from "../model/config.js";
import { type Shape, shapes } from "../model/index.js";

/** The shape of every parameter, by path, in reading order. Linear layers are `[out, in]`. */
export function parameterShapes(config: ModelConfig): Map<string, readonly number[]> {
  return new Map(tree.entries<Shape>(shapes(config)).map(([path, { shape }]) => [path, shape]));
}

type Make<L> = (path: string, shape: readonly number[]) => L;

/** The parameter tree a config calls for, each leaf made from its path and shape. */
export function paramsOf<L>(config: LlamaConfig, leaf: Make<L>): LlamaParams<L>;
export function paramsOf<L>(config: ModelConfig, leaf: Make<L>): ModelParams<L>;
export function paramsOf<L>(config: ModelConfig, leaf: Make<L>): ModelParams<L> {
  const made = tree.map<Shape, L, ModelParams<Shape>>(shapes(config), ({ shape }, path) => leaf(path, shape));
  return made as ModelParams<L>;
}
