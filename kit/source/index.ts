export { digest, type Progress } from "./download.js";
export {
  browseRepository,
  completeRepository,
  fetchRepository,
  type HubBrowser,
  type HubOptions,
  isHubId,
  provenance,
  repositoryFolder,
} from "./hub.js";
export { type HubRepository, type KnownFile, type KnownName, knownNames } from "./names.js";
export { mirrorFolder, type Resolved, type ResolveOptions, resolve } from "./resolve.js";
export { cacheFolder, mirrorRoot, projectRoot } from "./root.js";
