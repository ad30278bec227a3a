/** Decoding as pure functions of a state: a prompt, one more token, and the upkeep of the caches. */
import { add, dims, gather, mul, oneHot, reshape, scalar, sub, sum, type Tensor, zeros } from "../engine/index.js";
import { type Clock, rmsNorm } from "../nn/index.js";
import type { Model } from "./config.js";
import { blockNorm, contextOf, embed, feedForward, head, mixerTensors } from "./forward.js";
import { type MixerState, mixerOf } from "./registry.js";

/** Everything a model remembers of a batch of sequences. */
export type DecodeState = { readonly clock: Clock; readonly layers: readonly MixerState[] };

/** Scores of the next token, `[B, N]`, and what to remember. */
export type Decoded = { readonly logits: Tensor; readonly state: DecodeState };

/** Room of the caches in tokens; fixed per trace. */
export type Room = { readonly capacity: number; readonly recent: number };

/**
 * Reads a prompt.
 *
 * @param ids shape `[B, T]` int32, padded behind each sequence's end with any valid id
 * @param lengths shape `[B]` int32, from 1 to T
 * @param room `capacity` is at least T
 */
export function prefill(model: Model<Tensor>, ids: Tensor, lengths: Tensor, room: Room): Decoded {
  const { B, T } = dims(ids, "B T");
  const { config, params } = model;
  const clock: Clock = { past: lengths, recent: zeros([], "int32") };
  const context = contextOf(config);
  const layers: MixerState[] = [];
  let x = embed(model, ids);
  for (const [i, spec] of config.layers.entries()) {
    const mixer = mixerOf(spec.mixer);
    const empty = mixer.start(spec.mixer, { batch: B, width: config.width, ...room });
    const tensors = mixerTensors(params.layers[i], config);
    const normed = blockNorm(params.layers[i].mixerNorm, x, config);
    const { y, state } = mixer.prefill(tensors, normed, empty, clock, spec.mixer, context);
    layers.push(state);
    x = add(x, y);
    x = add(x, feedForward(params.layers[i], x, spec, config));
  }
  // Only the last token of each sequence needs the head, which over all tokens would dwarf the rest.
  const last = reshape(oneHot(sub(lengths, scalar(1, "int32")), T), [B, T, 1]);
  const final = rmsNorm(params.norm, sum(mul(x, last), { axis: 1 }), config.normEps);
  return { logits: head(model, final), state: { clock, layers } };
}

/**
 * One more token for each sequence. There must be room in the recent buffer.
 *
 * @param ids shape `[B]` int32
 */
export function step(model: Model<Tensor>, ids: Tensor, state: DecodeState): Decoded {
  const { B } = dims(ids, "B");
  const { config, params } = model;
  const context = contextOf(config);
  const layers: MixerState[] = [];
  let x = reshape(gather(params.embed, ids), [B, 1, config.width]);
  for (const [i, spec] of config.layers.entries()) {
    const tensors = mixerTensors(params.layers[i], config);
    const normed = blockNorm(params.layers[i].mixerNorm, x, config);
    const { mixer } = spec;
    const stepped = mixerOf(mixer).step(tensors, normed, state.layers[i], state.clock, mixer, context);
    layers.push(stepped.state);
    x = add(x, stepped.y);
    x = add(x, feedForward(params.layers[i], x, spec, config));
  }
  const final = reshape(rmsNorm(params.norm, x, config.normEps), [B, config.width]);
  const clock = { ...state.clock, recent: add(state.clock.recent, scalar(1, "int32")) };
  return { logits: head(model, final), state: { clock, layers } };
}

/** Moves the recent tokens into the past. The past must have room for them. */
export function settle(config: Model<Tensor>["config"], { clock, layers }: DecodeState): DecodeState {
  return {
    clock: { past: add(clock.past, clock.recent), recent: zeros([], "int32") },
    layers: layers.map((state, i) => mixerOf(config.layers[i].mixer).settle(state, clock)),
  };
}

/** The same state with room for `capacity` past tokens. */
export function grow(config: Model<Tensor>["config"], { clock, layers }: DecodeState, capacity: number): DecodeState {
  return { clock, layers: layers.map((state, i) => mixerOf(config.layers[i].mixer).grow(state, capacity)) };
}
