export * from "./adaptation.js";
export * from "./causality.js";
export * from "./divergence.js";
export * from "./documentLosses.js";
export * from "./focus.js";
export * from "./likelihood.js";
export * from "./linears.js";
export * from "./tokenLosses.js";
