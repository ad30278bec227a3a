export * from "./divergence.js";
export * from "./likelihood.js";
