export { digest, type Progress } from "./download.js";
export { provenance } from "./hub.js";
export { type KnownName, knownNames } from "./names.js";
export { type Resolved, type ResolveOptions, resolve } from "./resolve.js";
export { cacheFolder, projectRoot } from "./root.js";
