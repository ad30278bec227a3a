import { join } from "node:path";
import { read, scope, type Tensor } from "../engine/index.js";
import { entries } from "../engine/tree.js";
import { UserError } from "../errors.js";
import { linearPaths, linears, type Model } from "../model/index.js";
import { type CompanionOptions, writeCompanions } from "./companions.js";
import { writeFolder, writeJson } from "./folder.js";
import { int8Rows } from "./int8-rows.js";
import { toKintsugi } from "./kintsugi-config.js";
import { packedMetadata } from "./packed-open.js";
import { type TensorSource, type TensorValues, writeSafetensors, written } from "./safetensors-write.js";
import { type CodeBits, pack, ternaryMatrix } from "./ternary-matrix.js";

/** How embedding and head are stored: as they are, rounded to bfloat16, or in 8 bits with a scale a row. */
export type EmbeddingFormat = "f32" | "bf16" | "int8";

export type PackOptions = CompanionOptions & {
  /** Bits of a ternary weight. */
  readonly bits: CodeBits;
  /** Default `f32`, which loses nothing. */
  readonly embedding?: EmbeddingFormat;
  /** Replace a folder that is already there. */
  readonly overwrite?: boolean;
};

/** What the tensors of one kind take. */
export type PackedSize = { readonly kind: string; readonly parameters: number; readonly bytes: number };

/**
 * Saves a ternary model with its codes in 1.6 or 2 bits, as a folder that `load` opens like any other.
 *
 * A matrix `X` becomes `X.codes` (U8, laid out as `weights/codes.ts` says) and `X.scales` (F32, one a group), exact: the
 * loaded matrices hold the very values of `model.rounded`. An embedding in 8 bits becomes `X.codes` (I8) and `X.scales` (F32,
 * one a row). Everything else stays float32. The metadata of the file states the format.
 *
 * @param model its linear layers are ternary, rounded already or not
 * @param folder path of the folder to make
 * @param options bits of a code, how the embedding is stored, what to take along
 * @returns the folder's absolute path, and what each kind of tensor takes
 * @throws UserError when the linear layers are dense, the folder exists, or the disk refuses
 */
export async function savePacked(
  model: Model<Tensor>,
  folder: string,
  options: PackOptions,
): Promise<{ readonly folder: string; readonly sizes: readonly PackedSize[] }> {
  const { bits, embedding = "f32" } = options;
  const { config, params } = model;
  const { linear } = config;
  if (linear.kind !== "ternary") {
    throw new UserError(`There is nothing to pack: the linear layers are ${linear.kind}`, {
      fix: "Pack a model whose linear layers are ternary, or save it as it is",
    });
  }
  const matrices = linearPaths(config);
  const parts = entries<Tensor>(params).map(([path, leaf]) => {
    const coded = matrices.has(path) ? ternarySource(path, leaf, linear, bits) : undefined;
    const sources =
      coded ?? (isEmbedding(path) ? embeddingSources[embedding](path, leaf) : [[path, plain(leaf)] as const]);
    return { kind: coded === undefined ? kindOf(path) : "ternary matrices", parameters: leaf.size, sources };
  });
  const target = await writeFolder(folder, options.overwrite === true, async (draft) => {
    const sources = parts.flatMap((part) => part.sources);
    await writeSafetensors(join(draft, "model.safetensors"), sources, { metadata: packedMetadata(bits, embedding) });
    await writeCompanions(options, draft);
    await writeJson(join(draft, "config.json"), toKintsugi({ ...config, linear: { ...linear, rounded: true } }));
  });
  return { folder: target, sizes: sizesOf(parts) };
}

type Named = readonly (readonly [name: string, source: TensorSource])[];
type Ternary = Parameters<typeof linears.ternary.apply>[0];

function ternarySource(path: string, leaf: Tensor, linear: Ternary, bits: CodeBits): Named {
  const values = scope(() => read(linears.ternary.rounded?.matrix(leaf, linear) ?? leaf)) as Float32Array;
  const [rows, columns] = leaf.shape;
  const { bytes, scales } = pack(ternaryMatrix(values, [rows, columns], linear.scale, path), bits);
  return [
    [`${path}.codes`, { dtype: "U8", shape: [bytes.length], values: bytes }],
    [`${path}.scales`, { dtype: "F32", shape: [scales.length], values: scales }],
  ];
}

function isEmbedding(path: string): boolean {
  return path === "embed" || path === "head";
}

const embeddingSources: { readonly [Format in EmbeddingFormat]: (path: string, leaf: Tensor) => Named } = {
  f32: (path, leaf) => [[path, plain(leaf)]],
  bf16: (path, leaf) => [[path, { ...plain(leaf), dtype: "BF16" }]],
  int8: (path, leaf) => {
    const { codes, scales } = int8Rows(read(leaf) as Float32Array, leaf.shape[1]);
    return [
      [`${path}.codes`, { dtype: "I8", shape: leaf.shape, values: codes }],
      [`${path}.scales`, { dtype: "F32", shape: [scales.length], values: scales }],
    ];
  },
};

function plain(leaf: Tensor): TensorValues {
  return { dtype: "F32", shape: leaf.shape, values: () => read(leaf) as Float32Array };
}

function kindOf(path: string): string {
  if (isEmbedding(path)) return path === "embed" ? "embedding" : "head";
  return path.endsWith(".gain") ? "norm gains" : "kernels and rates";
}

function sizesOf(
  parts: readonly { readonly kind: string; readonly parameters: number; readonly sources: Named }[],
): PackedSize[] {
  return [...new Set(parts.map(({ kind }) => kind))].map((kind) => {
    const alike = parts.filter((part) => part.kind === kind);
    const bytes = alike.flatMap(({ sources }) => sources.map(([, source]) => written(source).bytes));
    return {
      kind,
      parameters: alike.reduce((sum, { parameters }) => sum + parameters, 0),
      bytes: bytes.reduce((sum, length) => sum + length, 0),
    };
  });
}
