import type { TensorRef } from "../engine/ref.js";
import { UserError } from "../errors.js";
import type { Llama, LlamaConfig, LlamaLayer } from "../model/config.js";
import { openToRead, readFully } from "../source/files.js";
import { elementCount } from "./dtypes.js";
import { parameterShapes, paramsOf } from "./layout.js";

/** The seven integers in front of a llama2.c checkpoint. */
type Llama2cHeader = {
  readonly width: number;
  readonly hidden: number;
  readonly depth: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly vocab: number;
  readonly context: number;
  readonly tied: boolean;
};

const headerBytes = 28;

/** Parameters in the order of the file; those of layers are stored layer after layer. */
const order = [
  "embed",
  "mixerNorm.gain",
  "mixer.q",
  "mixer.k",
  "mixer.v",
  "mixer.o",
  "mlpNorm.gain",
  "mlp.gate",
  "mlp.down",
  "mlp.up",
  "norm.gain",
  "angles",
  "head",
];

/**
 * Opens a llama2.c checkpoint, version 0: float32 weights behind seven integers.
 *
 * Format: `dim, hidden_dim, n_layers, n_heads, n_kv_heads, vocab_size, seq_len` as int32 (a negative `vocab_size` says that
 * the classifier is stored apart), then the tensors, with two tables of rotary angles that are skipped. The projections
 * keep the interleaved rotary layout they were trained in.
 *
 * @param file path of the file
 * @returns the model, still on disk
 * @throws UserError when the integers make no Llama, or the file is not as long as they say
 * @see https://github.com/karpathy/llama2.c/blob/master/export.py legacy_export; run.c fixes eps 1e-5 and theta 10,000
 */
export async function openLlama2c(file: string): Promise<Llama<TensorRef>> {
  const { handle, size } = await openToRead(file);
  try {
    const bytes = new Uint8Array(headerBytes);
    if (size < headerBytes) throw new UserError(`${file} is ${size} bytes long`, { expected: "a llama2.c checkpoint" });
    await readFully(handle, bytes, 0, file);
    const header = parseLlama2c(bytes);
    if (header === undefined) throw new UserError(`${file} is not a llama2.c checkpoint`, { expected: "version 0" });
    const { spans, bytes: expected } = spansOf(header);
    if (size !== expected) {
      throw new UserError(`${file} is ${size} bytes long`, {
        expected: `${expected}, by the sizes in its header`,
        fix: "Fetch it again",
      });
    }
    return modelOf(header, spans, file);
  } finally {
    await handle.close();
  }
}

/** Whether a file of `size` bytes that begins with `bytes` can only be a llama2.c checkpoint. */
export function isLlama2c(bytes: Uint8Array, size: number): boolean {
  const header = parseLlama2c(bytes);
  return header !== undefined && spansOf(header).bytes === size;
}

function parseLlama2c(bytes: Uint8Array): Llama2cHeader | undefined {
  if (bytes.length < headerBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const [width, hidden, depth, heads, kvHeads, signedVocab, context] = Array.from({ length: 7 }, (_, i) =>
    view.getInt32(i * 4, true),
  );
  const header = { width, hidden, depth, heads, kvHeads, vocab: Math.abs(signedVocab), context, tied: signedVocab > 0 };
  const positive = [width, hidden, depth, heads, kvHeads, header.vocab, context].every((value) => value > 0);
  const divides = positive && width % heads === 0 && (width / heads) % 2 === 0 && heads % kvHeads === 0;
  return divides && depth <= 10_000 ? header : undefined;
}

function configOf(header: Llama2cHeader): LlamaConfig {
  const { width, hidden, depth, heads, kvHeads, vocab, context, tied } = header;
  const layer: LlamaLayer = {
    mixer: {
      kind: "attention",
      heads,
      kvHeads,
      headDim: width / heads,
      rope: { theta: 10_000, layout: "interleaved" },
    },
    norm: { kind: "rmsNorm" },
    mlp: { kind: "swiglu", hidden },
  };
  const layers = Array.from({ length: depth }, () => layer);
  return { vocab, width, context, tied, normEps: 1e-5, linear: { kind: "dense" }, layers };
}

type Spans = ReadonlyMap<string, { readonly offset: number; readonly count: number }>;

/** Where each kind of parameter begins, and how long the whole file must be. */
function spansOf(header: Llama2cHeader): { spans: Spans; bytes: number } {
  const shapes = parameterShapes({ ...configOf({ ...header, depth: 1 }) });
  const spans = new Map<string, { offset: number; count: number }>();
  let offset = headerBytes;
  for (const name of order) {
    const inLayer = shapes.get(`layers.0.${name}`);
    const shape =
      inLayer ?? shapes.get(name) ?? (name === "angles" ? [header.context, header.width / header.heads] : [0]);
    const count = elementCount(shape);
    spans.set(name, { offset, count });
    offset += 4 * count * (inLayer === undefined ? 1 : header.depth);
  }
  return { spans, bytes: offset };
}

function modelOf(header: Llama2cHeader, spans: Spans, file: string): Llama<TensorRef> {
  const config = configOf(header);
  const params = paramsOf(config, (path, shape): TensorRef => {
    const [, layer, name] = /^layers\.(\d+)\.(.+)$/.exec(path) ?? [path, "0", path];
    const { offset, count } = spans.get(name)!;
    return { file, offset: offset + 4 * count * Number(layer), bytes: 4 * count, dtype: "F32", shape };
  });
  return { config, params };
}
