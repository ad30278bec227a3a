import { spawn } from "node:child_process";
import { ask } from "../core/run.mjs";

/** Open a page in the person's browser where there is one to open; the page's address is on the screen in any case. */
export function openBrowser(/** @type {string} */ url, env = process.env) {
  const candidates =
    process.platform === "darwin" ? ["open"] : env.WSL_DISTRO_NAME ? ["wslview", "xdg-open"] : ["xdg-open"];
  if (process.platform === "linux" && !env.DISPLAY && !env.WAYLAND_DISPLAY && !env.WSL_DISTRO_NAME) return false;
  const command = candidates.find((name) => ask("which", [name]) !== undefined);
  if (command === undefined) return false;
  const child = spawn(command, [url], { stdio: "ignore", detached: true });
  child.on("error", () => {});
  child.unref();
  return true;
}
