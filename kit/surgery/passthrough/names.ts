import type { TensorRef } from "../../engine/ref.js";
import { UserError } from "../../errors.js";
import type { Stack } from "./stack.js";

/** Tensors by their names in a file. */
export type NamedTensors = ReadonlyMap<string, TensorRef>;

/** The number of a layer: the first number between the dots of a name, as in `model.layers.3.mlp.experts.7.w1.weight`. */
const layerNumber = /(?<=^|\.)\d+(?=\.)/;

/** Tables of rotary angles in old checkpoints: every reader computes its own. */
const ignored = /(^|\.)rotary_emb\.inv_freq$/;

/**
 * Sees a checkpoint of any architecture as a list of layers, by the names of its tensors alone.
 *
 * @param tensors all tensors of the checkpoint
 * @param where its name, for messages
 * @returns the layers in order; before them what embeds, behind them everything else that has no number
 * @throws UserError when there are no numbered layers, several lists of them, or one is missing
 */
export function stackOf(tensors: NamedTensors, where: string): Stack<NamedTensors> {
  const [before, after] = [new Map<string, TensorRef>(), new Map<string, TensorRef>()];
  const layers = new Map<number, Map<string, TensorRef>>();
  const lists = new Set<string>();
  for (const [name, ref] of tensors) {
    if (ignored.test(name)) continue;
    const found = layerNumber.exec(name);
    if (found === null) (embeds(name) ? before : after).set(name, ref);
    else {
      lists.add(name.slice(0, found.index));
      const number = Number(found[0]);
      layers.set(number, (layers.get(number) ?? new Map<string, TensorRef>()).set(name, ref));
    }
  }
  expectOneList(lists, where);
  const ordered = Array.from({ length: layers.size }, (_, number) => {
    const layer = layers.get(number);
    if (layer !== undefined) return layer;
    throw new UserError(`There are no tensors of layer ${number}, but of later ones`, { where });
  });
  return { before, layers: ordered, after };
}

function expectOneList(lists: ReadonlySet<string>, where: string): void {
  if (lists.size === 1) return;
  const names = [...lists].map((prefix) => `${prefix}*`).join(", ");
  throw new UserError(lists.size === 0 ? "No tensor belongs to a numbered layer" : `There are layers of ${names}`, {
    where,
    expected: "one list of layers, as language models have that only decode",
  });
}

/**
 * Whether a tensor outside the layers stands before them. Where it matters (the first and the last slice have different models
 * or factors) the names of embeddings tell: `embed_tokens`, `wte`, `wpe`, `word_embeddings`, but not `embed_out`, a head.
 */
function embeds(name: string): boolean {
  return /embd|embed|(^|\.)w[tp]e(\.|$)|relative_pe|rotary_pos_emb/.test(name) && !/embed_out/.test(name);
}

/** The same name for a layer of another number. */
export function renumbered(name: string, layer: number): string {
  return name.replace(layerNumber, String(layer));
}

/** A name as all layers have it, such as `model.layers.{}.mlp.up_proj.weight`. */
export function templateOf(name: string): string {
  return name.replace(layerNumber, "{}");
}

/** What tells a tensor from the others of its layer, such as `up_proj` or `q_proj.bias`. */
export function shortName(name: string): string {
  const parts = name.split(".");
  return parts.length > 1 && parts[parts.length - 1] === "weight" ? parts[parts.length - 2] : parts.slice(-2).join(".");
}
