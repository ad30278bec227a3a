export * from "./attention.js";
export * from "./clock.js";
export * from "./linear.js";
export * from "./rmsNorm.js";
export * from "./rope.js";
export * from "./swiglu.js";
export * from "./ternary.js";
export * from "./ternaryLinear.js";
