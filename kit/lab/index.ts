export * from "./pico.js";
export * from "./record.js";
