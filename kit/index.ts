/** The kit by rooms: `import { model, weights } from "kintsugi"`. */
export * as engine from "./engine/index.js";
export { UserError } from "./errors.js";
export * as evals from "./evals/index.js";
export * as generate from "./generate/index.js";
export * as lab from "./lab/index.js";
export * as measure from "./measure/index.js";
export * as model from "./model/index.js";
export * as nn from "./nn/index.js";
export * as notebook from "./notebook/index.js";
export * as source from "./source/index.js";
export * as studies from "./studies/index.js";
export * as surgery from "./surgery/index.js";
export * as text from "./text/index.js";
export * as train from "./train/index.js";
export * as weights from "./weights/index.js";
