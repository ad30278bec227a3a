import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { bytes } from "../core/screen.mjs";
import { kitEnvironment } from "../jupyter/environment.mjs";
import { findChromium } from "../report/chromium.mjs";
import { smollm2File } from "../steps/python-packages.mjs";
import { absent, broken, good } from "./row.mjs";

/** @typedef {import("./row.mjs").Project} Project */
/** @typedef {import("./row.mjs").Row} Row */

/** Where models and data come from. @type {readonly [string, (project: Project) => Row | Promise<Row>][]} */
export const SOURCES = [
  ["Model pico", pico],
  ["Model smollm2-135m", smollm2],
  ["Mirror", mirror],
  ["Hub", hub],
  ["Chromium", chromium],
];

function pico(/** @type {Project} */ { root }) {
  const folder = join(root, "data", "sample");
  const name = (existsSync(folder) ? readdirSync(folder) : []).find((entry) => entry.startsWith("pico"));
  return name === undefined
    ? broken("Model pico", "not in data/sample", "git checkout data/sample")
    : good("Model pico", join("data", "sample", name));
}

function smollm2(/** @type {Project} */ project) {
  const file = smollm2File(project);
  return file === undefined
    ? broken("Model smollm2-135m", "its wheel is not in .venv")
    : good("Model smollm2-135m", `${bytes(statSync(file).size)}, from PyPI`);
}

function mirror(/** @type {Project} */ project) {
  const folder = kitEnvironment(project).KINTSUGI_MIRROR;
  if (folder === undefined)
    return absent(
      "Mirror",
      "none; larger models and data come from the hub",
      "optional: KINTSUGI_MIRROR=/a/folder of them",
    );
  if (!existsSync(folder))
    return absent(
      "Mirror",
      `KINTSUGI_MIRROR names ${folder}, which is missing`,
      "unset KINTSUGI_MIRROR, or name a folder that is there",
    );
  return good("Mirror", folder);
}

const HUB_TIMEOUT_MS = 3_000;

async function hub() {
  const address = process.env.HF_ENDPOINT ?? "https://huggingface.co";
  try {
    await fetch(address, { method: "HEAD", redirect: "manual", signal: AbortSignal.timeout(HUB_TIMEOUT_MS) });
    return good("Hub", `${address} answers`);
  } catch {
    return absent("Hub", `${address} does not answer`, "optional: only models that are not here yet need it");
  }
}

function chromium() {
  const path = findChromium();
  return path === undefined
    ? absent("Chromium", "none", "optional, for npm run test:browser: apt-get install chromium")
    : good("Chromium", path);
}
