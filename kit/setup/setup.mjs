import { entry } from "./core/entry.mjs";
import { project } from "./core/project.mjs";
import { setUp } from "./steps/index.mjs";

/** `npm run setup`: everything `npm start` and `npm test` do before they begin. */
await entry(() => setUp(project));
