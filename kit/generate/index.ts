export * from "./generate.js";
export * from "./sampler.js";
