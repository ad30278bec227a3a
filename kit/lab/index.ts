export * from "./archive.js";
export * from "./conduct.js";
export * from "./pico.js";
export * from "./readRun.js";
export * from "./record.js";
export * from "./run.js";
export * from "./spec.js";
export * from "./study.js";
