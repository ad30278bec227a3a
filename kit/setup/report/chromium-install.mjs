import { existsSync } from "node:fs";
import { run } from "../core/run.mjs";
import { say } from "../core/screen.mjs";
import { findChromium } from "./chromium.mjs";

/**
 * A Chromium for the browser test, installed from Debian where nobody has to be asked: by root, on Debian or Ubuntu.
 *
 * @param {string} log
 * @returns {Promise<string | undefined>}
 */
export async function provideChromium(log) {
  const there = findChromium();
  const mayInstall = process.getuid?.() === 0 && existsSync("/usr/bin/apt-get");
  if (there !== undefined || !mayInstall) return there;
  say("No Chromium here; installing Debian's: apt-get install chromium");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", ["update"], { env, log, progress: () => "apt-get update" });
  const install = ["install", "-y", "--no-install-recommends", "chromium"];
  await run("apt-get", install, { env, log, progress: () => "apt-get install chromium" });
  return findChromium();
}
