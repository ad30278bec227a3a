export { studies } from "./all.js";
export { answers } from "./answers.js";
export { claims } from "./claims.js";
export { smoke } from "./smoke.js";
