export { studies } from "./all.js";
export { smoke } from "./smoke.js";
