/** Decoding as pure functions of a state: a prompt, one more token, and the upkeep of the caches. */
import {
  add,
  concat,
  dims,
  gather,
  mul,
  oneHot,
  reshape,
  scalar,
  sub,
  sum,
  type Tensor,
  tree,
  zeros,
} from "../engine/index.js";
import { type Clock, rmsNorm } from "../nn/index.js";
import type { Model, ModelConfig } from "./config.js";
import { embed, head } from "./forward.js";
import type { PartState, Stepped } from "./kinds.js";
import { type BoundPart, contextOf, type LayerState, type PartName, partsOf, throughParts } from "./parts.js";
import { mixerOf } from "./registry.js";

/** Everything a model remembers of a batch of sequences. */
export type DecodeState = { readonly clock: Clock; readonly layers: readonly LayerState[] };

/** Scores of the next token, `[B, N]`, and what to remember. */
export type Decoded = { readonly logits: Tensor; readonly state: DecodeState };

/** Room of the caches in tokens; fixed per trace. */
export type Room = { readonly capacity: number; readonly recent: number };

/**
 * Reads a prompt.
 *
 * @param ids shape `[B, T]` int32, padded behind each sequence's end with any valid id
 * @param lengths shape `[B]` int32, from 1 to T
 * @param tokens `capacity` is at least T
 */
export function prefill(model: Model<Tensor>, ids: Tensor, lengths: Tensor, tokens: Room): Decoded {
  const { config, params } = model;
  const { B, T } = dims(ids, "B T");
  const { x, state } = throughPrompt(model, ids, lengths, tokens);
  // Only the last token of each sequence needs the head, which over all tokens would dwarf the rest.
  const last = reshape(oneHot(sub(lengths, scalar(1, "int32")), T), [B, T, 1]);
  const final = rmsNorm(params.norm, sum(mul(x, last), { axis: 1 }), config.normEps);
  return { logits: head(model, final), state };
}

/** The residual stream of tokens that were read, behind the last norm, `[B, T, D]`, and what to remember. */
export type Advanced = { readonly x: Tensor; readonly state: DecodeState };

/** {@link prefill} where every token of the prompt is of interest, and not only what comes after it. */
export function begin(model: Model<Tensor>, ids: Tensor, lengths: Tensor, tokens: Room): Advanced {
  const { x, state } = throughPrompt(model, ids, lengths, tokens);
  return { x: rmsNorm(model.params.norm, x, model.config.normEps), state };
}

function throughPrompt(model: Model<Tensor>, ids: Tensor, lengths: Tensor, tokens: Room): Advanced {
  const { B } = dims(ids, "B T");
  const clock: Clock = { past: lengths, recent: zeros([], "int32") };
  const room = { batch: B, width: model.config.width, ...tokens };
  const { x, layers } = throughLayers(model, embed(model, ids), (part, y) => part.prefill(y, part.start(room), clock));
  return { x, state: { clock, layers } };
}

/**
 * One more token for each sequence. There must be room in the recent buffer.
 *
 * @param ids shape `[B]` int32
 */
export function step(model: Model<Tensor>, ids: Tensor, state: DecodeState): Decoded {
  const { B } = dims(ids, "B");
  const { x, state: next } = goOn(model, reshape(ids, [B, 1]), state);
  return { logits: head(model, reshape(x, [B, model.config.width])), state: next };
}

/**
 * The next tokens of each sequence, read at once. There must be room for them in the recent buffer.
 *
 * @param ids shape `[B, T]` int32
 */
export function goOn(model: Model<Tensor>, ids: Tensor, state: DecodeState): Advanced {
  const { T } = dims(ids, "B T");
  const { config, params } = model;
  const { x, layers } = throughLayers(model, embed(model, ids), (part, y, i, name) =>
    part.step(y, state.layers[i][name]!, state.clock),
  );
  const clock = { ...state.clock, recent: add(state.clock.recent, scalar(T, "int32")) };
  return { x: rmsNorm(params.norm, x, config.normEps), state: { clock, layers } };
}

type Run = (part: BoundPart, x: Tensor, layer: number, name: PartName) => Stepped;

/** All layers, each part run as told, and what the parts remember then. */
function throughLayers({ config, params }: Model<Tensor>, embedded: Tensor, run: Run) {
  const context = contextOf(config);
  const layers: LayerState[] = [];
  const x = config.layers.reduce((x, spec, i) => {
    const states: { [Name in PartName]?: PartState } = {};
    const after = throughParts(partsOf(params.layers[i], spec, config, context), x, (part, y, name) => {
      const stepped = run(part, y, i, name);
      states[name] = stepped.state;
      return stepped.y;
    });
    layers.push(states);
    return after;
  }, embedded);
  return { x, layers };
}

/** Moves the recent tokens into the past. The past must have room for them. */
export function settle(config: ModelConfig, { clock, layers }: DecodeState): DecodeState {
  return {
    clock: { past: add(clock.past, clock.recent), recent: zeros([], "int32") },
    layers: layers.map((state, i) => ({
      ...state,
      mixer: mixerOf(config.layers[i].mixer).settle(state.mixer!, clock),
    })),
  };
}

/** The same state with more room for the past, for recent tokens, or for both. */
export function grow(config: ModelConfig, { clock, layers }: DecodeState, room: Partial<Room>): DecodeState {
  const grown = layers.map((state, i) => ({
    ...state,
    mixer: mixerOf(config.layers[i].mixer).grow(state.mixer!, room),
  }));
  return { clock, layers: grown };
}

/**
 * The state of other sequences, each of which goes on from one of these: what they have in common is read once.
 *
 * @param rows which one, for each of the new sequences, shape `[B′]` int32
 */
export function fork({ clock, layers }: DecodeState, rows: Tensor): DecodeState {
  return {
    clock: { ...clock, past: gather(clock.past, rows) },
    layers: tree.map(layers, (leaf: Tensor) => gather(leaf, rows)),
  };
}

/** The states of several batches, settled and of equal room, as that of one. */
export function join(states: readonly DecodeState[]): DecodeState {
  const [{ clock, layers }] = states;
  const leaves = states.map((state) => tree.leaves<Tensor>(state.layers));
  let at = 0;
  return {
    clock: {
      ...clock,
      past: concat(
        states.map((state) => state.clock.past),
        0,
      ),
    },
    layers: tree.map(layers, (_: Tensor) => {
      const own = at++;
      return concat(
        leaves.map((each) => each[own]),
        0,
      );
    }),
  };
}
