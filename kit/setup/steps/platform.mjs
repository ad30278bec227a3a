import { existsSync } from "node:fs";
import { SetupFailure } from "../core/failure.mjs";

/**
 * Whether the kit runs on a platform, and what to say about it.
 *
 * @param {string} platform As `process.platform`.
 * @param {string} arch As `process.arch`.
 * @param {{ musl?: boolean }} [libc]
 * @returns {{ supported: boolean, note: string }}
 */
export function platformAnswer(platform, arch, { musl = false } = {}) {
  const name = `${platform} ${arch}`;
  if (platform === "linux" && (arch === "x64" || arch === "arm64")) {
    // For arm64 the addon has been cross-compiled, as for macOS, and never run.
    if (!musl) return { supported: true, note: arch === "x64" ? name : `${name}, not yet verified` };
    return {
      supported: false,
      note: `${name} with musl is not supported: TensorFlow has no wheels for it. Use a Linux with glibc, Debian for example`,
    };
  }
  if (platform === "darwin" && arch === "arm64") return { supported: true, note: `${name}, not yet verified` };
  if (platform === "win32")
    return {
      supported: false,
      note: "Windows is supported through WSL2: install it (wsl --install), open its Linux terminal, and run the same command there",
    };
  const supported =
    "the kit runs on Linux x64, on Linux arm64 and macOS arm64 (not yet verified), and on Windows through WSL2";
  return { supported: false, note: `${name} is not supported: ${supported}` };
}

/** What the machine at hand is. */
export function thisPlatform() {
  return platformAnswer(process.platform, process.arch, { musl: isMusl() });
}

/** Whether Node is linked against musl (Alpine), for which TensorFlow publishes nothing. */
export function isMusl() {
  const glibc = ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"];
  const musl = ["/lib/ld-musl-x86_64.so.1", "/lib/ld-musl-aarch64.so.1"];
  return musl.some((file) => existsSync(file)) && !glibc.some((file) => existsSync(file));
}

/** @type {import("../core/steps.mjs").Step} */
export const platformStep = {
  id: "platform",
  title: "Platform",
  run() {
    const { supported, note } = thisPlatform();
    if (!supported) throw new SetupFailure(note, { type: "nothing here: the set-up cannot go on, on this machine" });
    return note;
  },
};
