import type { TensorRef } from "../engine/ref.js";
import { nearest, UserError } from "../errors.js";
import type { Llama, LlamaConfig, Model, ModelConfig } from "../model/config.js";
import { parameterShapes, paramsOf } from "./layout.js";
import { type NameMap, storedName } from "./names.js";
import { quote } from "./safetensors-header.js";

type Tensors = ReadonlyMap<string, TensorRef>;

/**
 * Puts named tensors into the places a config has for them.
 *
 * Of a tied pair, either name serves: some files hold only `lm_head.weight`.
 *
 * @param config what the model should be
 * @param tensors what the file holds, by the file's names
 * @param names the file format's names
 * @param where the file or folder, for messages
 * @returns the model, still on disk
 * @throws UserError that lists every missing, misshapen and left-over tensor, each missing one with the nearest name there is
 */
export function assemble(config: LlamaConfig, tensors: Tensors, names: NameMap, where: string): Llama<TensorRef>;
export function assemble(config: ModelConfig, tensors: Tensors, names: NameMap, where: string): Model<TensorRef>;
export function assemble(config: ModelConfig, tensors: Tensors, names: NameMap, where: string): Model<TensorRef> {
  const unused = new Set([...tensors.keys()].filter((name) => !names.ignored.test(name)));
  const leaves = new Map<string, TensorRef>();
  const missing: string[] = [];
  const misshapen: string[] = [];
  for (const [path, shape] of parameterShapes(config)) {
    const name = stored(config, tensors, names, path);
    const ref = tensors.get(name);
    if (ref === undefined) {
      missing.push(name);
      continue;
    }
    unused.delete(name);
    if (sameShape(ref.shape, shape)) leaves.set(path, ref);
    else misshapen.push(`${name} is [${ref.shape.join(", ")}] instead of [${shape.join(", ")}]`);
  }
  // The head of a tied pair that is stored twice says nothing new.
  if (config.tied) unused.delete(names.whole.head);
  const problems = [
    ...listed("missing", missing, unused),
    ...listed("of the wrong shape", misshapen),
    ...listed("left over", [...unused]),
  ];
  if (problems.length > 0) throw new UserError(`The tensors do not fit the config: ${problems.join("; ")}`, { where });
  return { config, params: paramsOf(config, (path) => leaves.get(path)!) };
}

function stored(config: ModelConfig, tensors: Tensors, names: NameMap, path: string): string {
  const name = storedName(names, path) ?? path;
  const other = names.whole.head;
  return path === "embed" && config.tied && !tensors.has(name) && tensors.has(other) ? other : name;
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** Longest list in one message; a thousand names would help nobody. */
const shown = 8;

function listed(what: string, items: readonly string[], candidates: Iterable<string> = []): string[] {
  if (items.length === 0) return [];
  const lines = items.slice(0, shown).map((item) => {
    const near = nearest(item, candidates);
    return near === undefined ? quote(item) : `${quote(item)} (the nearest there is ${quote(near)})`;
  });
  const more = items.length > shown ? ` and ${items.length - shown} more` : "";
  return [`${items.length} ${what}: ${lines.join(", ")}${more}`];
}
