/** Element types as safetensors names them, plus the GGUF block formats that are dequantised while loading. */
export type StoredDType =
  | "F64" | "F32" | "F16" | "BF16" | "I64" | "I32" | "I16" | "I8" | "U8" | "BOOL"
  | "Q4_0" | "Q4_1" | "Q8_0" | "TQ1_0" | "TQ2_0";

/**
 * A tensor that stays on disk: where its bytes lie and what is still to be done to them.
 *
 * Surgery on a `Model<TensorRef>` moves and annotates these values; the bytes are read once, by `weights.save`
 * or `weights.load`.
 */
export type TensorRef = {
  /** Absolute path of the file. */
  readonly file: string;
  /** First byte of the tensor, from the start of the file. */
  readonly offset: number;
  /** Length in bytes. */
  readonly bytes: number;
  readonly dtype: StoredDType;
  /** Row-major, outermost first: a linear layer is `[out, in]`. */
  readonly shape: readonly number[];
  /** Pending factor, applied after `cast` in float32 and rounded once. */
  readonly scale?: number;
  /** Pending element type. */
  readonly cast?: StoredDType;
  /** Pending row permutation of a rotary projection stored in the interleaved order (llama.cpp, llama2.c): its head count. */
  readonly unpermuteHeads?: number;
};
