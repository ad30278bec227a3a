import type { CodeLayout, TensorRef } from "../engine/ref.js";
import { UserError } from "../errors.js";
import { linearPaths, type ModelConfig } from "../model/index.js";
import { codeBytes } from "./codes.js";
import { elementCount } from "./dtypes.js";
import { parameterShapes } from "./layout.js";
import type { StoredTensors } from "./safetensors.js";
import { quote } from "./safetensors-header.js";
import { type CodeBits, countGroups, layoutFor, type Runs, runsOf } from "./ternary-matrix.js";

const format = "kintsugi-packed";
const version = "1";

/** What the metadata of a packed file says about it. */
export function packedMetadata(bits: CodeBits, embedding: string): Readonly<Record<string, string>> {
  return { format, version, bits: String(bits), embedding };
}

/** Whether a file says that it is packed. */
export function isPacked({ metadata }: StoredTensors): boolean {
  return metadata.format === format;
}

/**
 * The tensors of a packed file as the parameters they stand for: `X.codes` and `X.scales` become `X`, whose codes are
 * pending. What has no place is left, for `assemble` to name.
 *
 * @param config says which matrices are ternary, and which of their weights share a scale
 * @param stored the file's tensors, of which {@link isPacked} holds
 * @param where the folder, for messages
 * @throws UserError when codes or scales are not what the config and the metadata say
 */
export function codedTensors(
  config: ModelConfig,
  stored: StoredTensors,
  where: string,
): ReadonlyMap<string, TensorRef> {
  const bits = bitsOf(stored.metadata, where);
  const tensors = new Map(stored.tensors);
  for (const [path, shape] of parameterShapes(config)) {
    const [codes, scales] = [tensors.get(`${path}.codes`), tensors.get(`${path}.scales`)];
    if (codes === undefined || scales === undefined) continue;
    const { layout, runs } = layoutOf(path, codes, shape, config, bits, where);
    const count = elementCount(shape);
    expectBytes(`${path}.codes`, codes, codeBytes(layout, count), `${count} codes of ${layout}`, where);
    const groups = countGroups(runs, count);
    if (scales.dtype !== "F32") throw wrongType(`${path}.scales`, scales, "F32", where);
    expectBytes(`${path}.scales`, scales, 4 * groups, `${groups} scales`, where);
    tensors.delete(`${path}.codes`);
    tensors.delete(`${path}.scales`);
    tensors.set(path, { ...codes, shape, coded: { layout, scales, ...runs } });
  }
  return tensors;
}

function bitsOf(metadata: StoredTensors["metadata"], where: string): CodeBits {
  const wrong = (field: string, expected: string): UserError =>
    new UserError(`The metadata says ${field} ${JSON.stringify(metadata[field]) ?? "nothing"}`, { where, expected });
  if (metadata.version !== version) throw wrong("version", `"${version}", which is all that this kit reads`);
  if (metadata.bits === "1.6") return 1.6;
  if (metadata.bits === "2") return 2;
  throw wrong("bits", '"1.6" or "2"');
}

/** How the codes of a parameter lie, and which of them share a scale. */
function layoutOf(
  path: string,
  codes: TensorRef,
  shape: readonly number[],
  config: ModelConfig,
  bits: CodeBits,
  where: string,
): { layout: CodeLayout; runs: Runs } {
  const [rows, columns] = shape;
  if (shape.length !== 2) {
    throw new UserError(`${quote(`${path}.codes`)} stand for a parameter that is no matrix`, { where });
  }
  const expected = linearPaths(config).has(path) ? "U8" : "I8";
  if (codes.dtype !== expected) throw wrongType(`${path}.codes`, codes, expected, where);
  if (expected === "I8") return { layout: "int8", runs: { line: columns, group: columns } };
  const { linear } = config;
  if (linear.kind !== "ternary" || linear.rounded !== true) {
    throw new UserError(`${quote(`${path}.codes`)} are ternary, but the config's linear layers are not rounded`, {
      where,
      expected: 'model.linear with kind "ternary" and rounded true',
    });
  }
  return { layout: layoutFor(columns, bits), runs: runsOf([rows, columns], linear.scale) };
}

function expectBytes(name: string, { bytes }: TensorRef, expected: number, what: string, where: string): void {
  if (bytes === expected) return;
  throw new UserError(`${quote(name)} has ${bytes} bytes`, { where, expected: `${expected} for ${what}` });
}

function wrongType(name: string, { dtype }: TensorRef, expected: string, where: string): UserError {
  return new UserError(`${quote(name)} is stored as ${dtype}`, { where, expected });
}
