export * from "./causality.js";
export * from "./divergence.js";
export * from "./documentLosses.js";
export * from "./likelihood.js";
export * from "./linears.js";
