export * from "./config.js";
export * from "./decode.js";
export * from "./decoder.js";
export * from "./forward.js";
export * from "./init.js";
export * from "./presets.js";
export { type LayerTensors, type Mixer, type MixerState, type Mlp, mixers, mlps } from "./registry.js";
export * from "./shapes.js";
