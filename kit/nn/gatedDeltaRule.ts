/**
 * The gated delta rule: a memory `S` of shape `[K, V]` that forgets, and that corrects what it says about a key. Here its
 * definition, one token at a time; `gatedDeltaChunks.ts` computes the same with products of matrices.
 */
import {
  add,
  broadcastTo,
  cast,
  concat,
  dims,
  equal,
  exp,
  matmul,
  mul,
  narrow,
  reshape,
  sub,
  type Tensor,
  transpose,
} from "../engine/index.js";
import { UserError } from "../errors.js";
import type { Documents } from "./documents.js";

/**
 * What the memory's prediction of a value is read from: the `paper` lets the memory decay first, `undecayed` reads it as the
 * last token left it, as the teeny-s model does.
 *
 * The undecayed rule is the paper's with `β′ = β·e^(−g)` and `v′ = v·e^g`.
 */
export type DeltaRule = "paper" | "undecayed";

/** Tokens for a memory. H key heads serve Hv value heads, Hv / H each. */
export type DeltaInputs = {
  /** `[B, T, H, K]`; of unit length where the memory is to be stable. */
  readonly q: Tensor;
  /** `[B, T, H, K]`; of unit length. */
  readonly k: Tensor;
  /** `[B, T, Hv, V]` */
  readonly v: Tensor;
  /** g, the logarithm of how much of the memory stays, at most 0; `[B, T, Hv]`. */
  readonly logDecay: Tensor;
  /** β, how much of the error is corrected, from 0 to 1, or to 2 with negative eigenvalues; `[B, T, Hv]`. */
  readonly beta: Tensor;
  /** The memory before the first token, `[B, Hv, K, V]`. */
  readonly state: Tensor;
};

export type DeltaOptions = {
  readonly rule: DeltaRule;
  /** Factor of the queries, usually `1/√K`. */
  readonly scale: number;
  /** Each but a row's first begins with an empty memory. Default: a row is one document. */
  readonly documents?: Documents;
};

/** What was read, `[B, T, Hv, V]`, and the memory after the last token, `[B, Hv, K, V]`. */
export type DeltaResult = { readonly o: Tensor; readonly state: Tensor };

/**
 * The gated delta rule, token by token. For each head
 *
 * `S ← e^g·S`, `δ = β·(v − Sᵀk)`, `S ← S + k·δᵀ`, `o = Sᵀ·(scale·q)`;
 *
 * the undecayed rule computes δ before S decays. Slow: a reference, and the form that decoding uses for one token.
 *
 * @throws UserError when the heads or shapes do not fit
 * @source S. Yang, J. Kautz, A. Hatamizadeh, Gated Delta Networks (2024)
 */
export function gatedDeltaRecurrent(inputs: DeltaInputs, { rule, scale, documents }: DeltaOptions): DeltaResult {
  const { T } = deltaSizes(inputs);
  const { q, k, v, logDecay, beta } = byHead(inputs);
  const outputs: Tensor[] = [];
  let state = inputs.state;
  for (let t = 0; t < T; t++) {
    const at = (x: Tensor): Tensor => narrow(x, 2, t, 1);
    if (documents !== undefined && t > 0) state = mul(state, goesOn(documents, t));
    const decayed = mul(state, exp(at(logDecay)));
    const predicted = matmul(at(k), rule === "paper" ? decayed : state);
    const delta = mul(at(beta), sub(at(v), predicted));
    state = add(decayed, matmul(at(k), delta, { left: true }));
    outputs.push(matmul(mul(at(q), scale), state));
  }
  return { o: transpose(concat(outputs, 2), [0, 2, 1, 3]), state };
}

/** 1 where token `t` is of the same document as the one before it, else 0; shape `[B, 1, 1, 1]`. */
function goesOn({ segments }: Documents, t: number): Tensor {
  const same = equal(narrow(segments, 1, t, 1), narrow(segments, 1, t - 1, 1));
  return reshape(cast(same, "float32"), [-1, 1, 1, 1]);
}

/** Sizes of the inputs, checked against each other. */
export function deltaSizes({ q, k, v, logDecay, beta, state }: DeltaInputs): {
  readonly B: number;
  readonly T: number;
  readonly H: number;
  readonly K: number;
  readonly V: number;
  readonly valueHeads: number;
} {
  const { B, T, H, K } = dims(q, "B T H K");
  dims(k, "B T H K", { B, T, H, K });
  const { G, V } = dims(v, "B T G V", { B, T });
  dims(logDecay, "B T G", { B, T, G });
  dims(beta, "B T G", { B, T, G });
  dims(state, "B G K V", { B, G, K, V });
  if (G % H !== 0) {
    throw new UserError(`gatedDeltaRule: ${G} value heads for ${H} key heads`, { expected: "a multiple" });
  }
  return { B, T, H, K, V, valueHeads: G };
}

/** The inputs as one row of `T` tokens for each value head: `[B, Hv, T, K | V | 1]`. */
export function byHead(inputs: DeltaInputs): Omit<DeltaInputs, "state"> {
  const { B, T, H, K, valueHeads } = deltaSizes(inputs);
  const repeated = (x: Tensor): Tensor =>
    valueHeads === H
      ? x
      : reshape(broadcastTo(reshape(x, [B, T, H, 1, K]), [B, T, H, valueHeads / H, K]), [B, T, valueHeads, K]);
  const rows = (x: Tensor): Tensor => transpose(x, [0, 2, 1, 3]);
  const column = (x: Tensor): Tensor => reshape(transpose(x, [0, 2, 1]), [B, valueHeads, T, 1]);
  return {
    q: rows(repeated(inputs.q)),
    k: rows(repeated(inputs.k)),
    v: rows(inputs.v),
    logDecay: column(inputs.logDecay),
    beta: column(inputs.beta),
  };
}
