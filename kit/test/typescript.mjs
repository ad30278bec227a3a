/** `node --import kit/test/typescript.mjs program.ts` runs the kit's sources, without a build that might be stale. */
import { register } from "node:module";

register("./typescriptHooks.mjs", import.meta.url);
