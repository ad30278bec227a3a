export { studies } from "./all.js";
export { answers } from "./answers.js";
export { benchmarks } from "./benchmarks.js";
export { claims } from "./claims.js";
export { measurements } from "./measurements.js";
export { smoke } from "./smoke.js";
