export * from "./config.js";
export * from "./decode.js";
export * from "./decoder.js";
export * from "./forward.js";
export * from "./init.js";
export * from "./llama.js";
export * from "./presets.js";
export { configReader, readConfig } from "./readConfig.js";
export * as reading from "./reading.js";
export {
  type LayerTensors,
  type LinearKind,
  linears,
  type Mixer,
  type MixerState,
  type Mlp,
  mixers,
  mlps,
  type StateRoom,
} from "./registry.js";
export * from "./rounded.js";
export * from "./shapes.js";
export * from "./teeny.js";
