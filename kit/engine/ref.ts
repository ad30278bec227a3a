/** Element types as safetensors names them. */
export type PlainDType = "F64" | "F32" | "F16" | "BF16" | "I64" | "I32" | "I16" | "I8" | "U8" | "BOOL";

/** GGUF block formats: dequantised while loading, never written. */
export type QuantDType = "Q4_0" | "Q4_1" | "Q8_0" | "TQ1_0" | "TQ2_0";

export type StoredDType = PlainDType | QuantDType;

/** How codes lie in bytes when their scales are stored apart: see `weights/codes.ts`. */
export type CodeLayout = "base3" | "TQ1_0" | "base4" | "int8";

/**
 * Codes on disk whose scales are a tensor of their own: `value = code · scale`.
 *
 * The elements are cut into lines, and each line into groups that share a scale; the last group of a line may be shorter.
 */
export type Coded = {
  readonly layout: CodeLayout;
  /** One scale a group, in order: float32, shape `[G]`. */
  readonly scales: TensorRef;
  /** Elements of a line, and of a group. */
  readonly line: number;
  readonly group: number;
};

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
  /** The bytes are codes; what they stand for is float32. Undone before everything else that is pending. */
  readonly coded?: Coded;
  /** Pending element type, applied first. */
  readonly cast?: PlainDType;
  /** Pending factor: rounded to float32, multiplied in float32 after `cast`, the product rounded once. */
  readonly scale?: number;
  /** Pending row permutation of a rotary projection stored in the interleaved order (llama.cpp, llama2.c): its head count. */
  readonly unpermuteHeads?: number;
};
