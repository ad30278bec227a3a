import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { SetupFailure } from "../core/failure.mjs";
import { fingerprint } from "../core/fingerprint.mjs";
import { must } from "../core/run.mjs";
import { isMusl } from "./platform.mjs";

/** @typedef {import("../core/project.mjs").Project} Project */
/** @typedef {{ os?: string[], cpu?: string[], libc?: string[] }} Platforms What a package says it is built for. */
/** @typedef {Record<string, Platforms & { version?: string, link?: boolean, optional?: boolean }>} Packages */

/** @type {import("../core/steps.mjs").Step} */
export const npmPackagesStep = {
  id: "npm-packages",
  title: "npm packages",
  fingerprint: ({ root }) =>
    fingerprint({
      files: ["package.json", "package-lock.json", join("kit", "package.json")].map((name) => join(root, name)),
      values: [process.platform, process.arch],
    }),
  intact: isInstalled,
  async run(project, { log }) {
    const total = wantedPackages(project);
    // An installation made by hand is as good, and npm ci would throw it away first.
    if (isInstalled(project)) return `${total} packages, already there`;
    const [command, ...before] = npmCommand();
    const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    // Every kind of package, whatever the person's own settings leave out.
    await must(command, [...before, "ci", "--include=dev", "--include=optional", ...quiet], {
      cwd: project.root,
      log,
      // Told of another cache, npm leaves the one in the home folder alone.
      env: { ...process.env, npm_config_cache: join(project.cache, "npm"), npm_config_update_notifier: "false" },
      progress: () => `${countInstalled(project.modules)} of about ${total} packages`,
      why: "npm could not install the packages named in package-lock.json",
      type: "the command again when the network is back; if npm says that the lock file does not fit package.json: npm install",
    });
    if (!isInstalled(project))
      throw new SetupFailure("npm left out packages that are built for this machine, and did not say why", {
        type: "the command again when the network is back",
      });
    return `${total} packages`;
  },
};

/**
 * How npm is called: the one that runs us, else the one beside this Node, else the one on the PATH.
 *
 * @returns {string[]}
 */
export function npmCommand() {
  const candidates = [
    process.env.npm_execpath,
    join(dirname(process.execPath), "..", "lib", "node_modules", "npm", "bin", "npm-cli.js"),
  ];
  const script = candidates.find((file) => file?.endsWith("npm-cli.js") && existsSync(file));
  return script === undefined ? ["npm"] : [process.execPath, script];
}

/** Whether node_modules holds what the lock file asks for, by npm's own record of what it installed. */
export function isInstalled(/** @type {Project} */ { root, modules }) {
  const record = join(modules, ".package-lock.json");
  if (!existsSync(record)) return false;
  /** @type {Packages} */
  const wanted = readLock(join(root, "package-lock.json"));
  /** @type {Packages} */
  const there = readLock(record);
  return Object.entries(wanted).every(([path, { version, link, optional, ...platforms }]) => {
    if (!path.startsWith("node_modules/") || link) return true;
    if (there[path] === undefined) return optional === true && !isForHere(platforms);
    return there[path].version === version && existsSync(join(root, path, "package.json"));
  });
}

/** Whether a package is built for this very machine. npm leaves an optional one out without a word when its download fails. */
function isForHere(/** @type {Platforms} */ { os, cpu, libc }) {
  const here = /** @type {const} */ ([
    [os, process.platform],
    [cpu, process.arch],
    [libc, isMusl() ? "musl" : "glibc"],
  ]);
  const stated = here.filter(([list]) => list !== undefined);
  return stated.length > 0 && stated.every(([list, name]) => admits(list ?? [], name));
}

/** npm's lists of platforms: names, or names to keep away from, as in `!win32`. */
function admits(/** @type {string[]} */ list, /** @type {string} */ name) {
  return list.includes(name) || (list.every((entry) => entry.startsWith("!")) && !list.includes(`!${name}`));
}

/** @returns {Packages} */
function readLock(/** @type {string} */ file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages ?? {};
  } catch {
    throw new SetupFailure(`${file} is missing or is not JSON`, { type: "git checkout package-lock.json" });
  }
}

function wantedPackages(/** @type {Project} */ { root }) {
  const packages = Object.entries(readLock(join(root, "package-lock.json")));
  return packages.filter(([path, { link, optional }]) => path.includes("node_modules/") && !link && !optional).length;
}

function countInstalled(/** @type {string} */ modules) {
  try {
    const names = readdirSync(modules).filter((name) => !name.startsWith("."));
    return names.reduce(
      (count, name) => count + (name.startsWith("@") ? readdirSync(join(modules, name)).length : 1),
      0,
    );
  } catch {
    return 0;
  }
}
