/** The JupyterLab under test: the real `npm start`, and a browser beside it. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Browser, chromium } from "playwright-core";
import { UserError } from "../errors.js";

/** The checkout, seen from kit/dist/test. */
export const ROOT: string = fileURLToPath(new URL("../../..", import.meta.url));

const START_MS = 300_000;
/** Chromium must not look for updates and accounts: the test counts every request that leaves the machine. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
];

/** A running JupyterLab. */
export type Lab = { readonly origin: string; readonly token: string; readonly stop: () => Promise<void> };

/**
 * Runs `npm start -- --no-browser` and waits for the address it prints. `KINTSUGI_LAB` may name one that runs already.
 *
 * @param port a free port on 127.0.0.1
 * @returns the server
 * @throws UserError when it ends or says nothing for five minutes
 */
export async function startLab(port: number): Promise<Lab> {
  if (process.env.KINTSUGI_LAB !== undefined) return { ...address(process.env.KINTSUGI_LAB), stop: async () => {} };
  const child = spawn("npm", ["start", "--", "--no-browser", "--port", String(port)], {
    cwd: ROOT,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  const url = await new Promise<string>((resolve, reject) => {
    const give = (why: string): void =>
      reject(new UserError(`npm start ${why}`, { expected: "the address of JupyterLab", fix: said.slice(-1_000) }));
    const timer = setTimeout(() => give("printed no address"), START_MS);
    const listen = (chunk: Buffer): void => {
      said += chunk.toString();
      const found = /http:\/\/127\.0\.0\.1:\d+\/\S*token=\w+/.exec(said);
      if (found === null) return;
      clearTimeout(timer);
      resolve(found[0]);
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.on("exit", (code) => give(`ended with code ${code}`));
  });
  return { ...address(url), stop: () => stopGroup(child) };
}

function address(text: string): { origin: string; token: string } {
  const url = new URL(text);
  return { origin: url.origin, token: url.searchParams.get("token") ?? "" };
}

/**
 * Starts the Chromium the set-up finds.
 *
 * @returns the browser
 * @throws UserError when there is none
 */
export async function startBrowser(): Promise<Browser> {
  const finder = new URL("../../setup/report/chromium.mjs", import.meta.url).href;
  const { findChromium } = (await import(finder)) as { findChromium: () => string | undefined };
  const executablePath = process.env.CHROMIUM ?? findChromium();
  if (executablePath === undefined) {
    throw new UserError("no Chromium for the browser test", {
      expected: "KINTSUGI_CHROMIUM=/path/to/chromium, or one on the PATH",
      fix: "Debian: apt-get install chromium",
    });
  }
  return chromium.launch({ executablePath, args: FLAGS });
}

/** npm, the start script and the server are one group; the first signal asks them to end. */
async function stopGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.on("exit", resolve));
  const signal = (name: NodeJS.Signals): void => {
    try {
      process.kill(-(child.pid ?? 0), name);
    } catch {} // Gone meanwhile.
  };
  signal("SIGTERM");
  const killer = setTimeout(() => signal("SIGKILL"), 15_000);
  await ended;
  clearTimeout(killer);
}
