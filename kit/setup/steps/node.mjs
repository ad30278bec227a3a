import { SetupFailure } from "../core/failure.mjs";

/** What the kit and its packages ask of Node, as its `engines` and jsdom's say. */
export const NODE_WANTED = "20.19 or later of 20, 22.13 or later of 22, or 24 and later";

/** Whether a Node version (`v22.13.0`) is one the kit runs on. */
export function nodeIsSupported(/** @type {string} */ version) {
  const [major, minor] = version.replace(/^v/, "").split(".").map(Number);
  return (major === 20 && minor >= 19) || (major === 22 && minor >= 13) || major >= 24;
}

/** @type {import("../core/steps.mjs").Step} */
export const nodeStep = {
  id: "node",
  title: "Node",
  run() {
    if (!nodeIsSupported(process.version)) {
      throw new SetupFailure(
        `Node ${process.version} (${process.execPath}) is not one the kit runs on: expected ${NODE_WANTED}`,
        {
          type: "install a current Node (https://nodejs.org), then the same command again",
        },
      );
    }
    return process.version;
  },
};
