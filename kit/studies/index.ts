export { studies } from "./all.js";
export { answers, claims } from "./claims.js";
export { smoke } from "./smoke.js";
