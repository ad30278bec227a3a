export * from "./checkpoints.js";
export * from "./distillation.js";
export * from "./loss.js";
export * from "./optimiser.js";
export * from "./part.js";
export * from "./schedule.js";
export * from "./step.js";
export * from "./training.js";
