import { existsSync } from "node:fs";
import { ask } from "../core/run.mjs";

/** The NVIDIA GPUs of this machine by name; `KINTSUGI_GPU=off` hides them, for a set-up that is to stay small. */
export function nvidiaGpus(env = process.env) {
  if (process.platform !== "linux" || env.KINTSUGI_GPU === "off") return [];
  const listing = ask("nvidia-smi", ["-L"]) ?? ask("/usr/lib/wsl/lib/nvidia-smi", ["-L"]) ?? "";
  const names = [...listing.matchAll(/^GPU \d+: (.*?)(?: \(UUID.*)?$/gm)].map(([, name]) => name);
  return names.length === 0 && existsSync("/dev/nvidia0") ? ["NVIDIA GPU"] : names;
}

/** Which of the two lock files this machine installs. */
export function pythonVariant(env = process.env) {
  return nvidiaGpus(env).length > 0 ? /** @type {const} */ ("gpu") : /** @type {const} */ ("cpu");
}
