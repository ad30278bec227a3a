import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** A Chromium for the browser test: the one `KINTSUGI_CHROMIUM` names, one on the PATH, or one playwright downloaded. */
export function findChromium(env = process.env) {
  if (env.KINTSUGI_CHROMIUM) return existsSync(env.KINTSUGI_CHROMIUM) ? env.KINTSUGI_CHROMIUM : undefined;
  for (const name of NAMES) {
    const folder = (env.PATH ?? "").split(delimiter).find((path) => path !== "" && existsSync(join(path, name)));
    if (folder !== undefined) return join(folder, name);
  }
  const downloads = env.PLAYWRIGHT_BROWSERS_PATH ?? join(homedir(), ".cache", "ms-playwright");
  const builds = existsSync(downloads)
    ? readdirSync(downloads)
        .filter((name) => name.startsWith("chromium-"))
        .sort()
    : [];
  const files = builds.reverse().map((name) => join(downloads, name, "chrome-linux", "chrome"));
  return files.find((file) => existsSync(file));
}
