import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createWriteStream, mkdirSync, readFileSync } from "node:fs";
import { get } from "node:http";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { SetupFailure } from "../core/failure.mjs";
import { tail } from "../core/run.mjs";
import { showProgress } from "../core/screen.mjs";
import { kitEnvironment } from "./environment.mjs";

const HOST = "127.0.0.1";
const FIRST_PORT = 8888;
const READY_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 10_000;

/**
 * Start JupyterLab on this machine only, behind a token of its own.
 *
 * @param {import("../core/project.mjs").Project} project
 * @param {{ port?: number, notebook?: string }} options
 * @returns {Promise<{ url: string, ready: Promise<void>, ended: Promise<number>, stop: () => Promise<void>, log: string }>}
 *   As soon as there is something to stop. `ready` when it answers.
 */
export async function startJupyterLab(project, { port, notebook }) {
  const token = randomBytes(24).toString("hex");
  const chosen = await choosePort(port);
  const log = join(project.state, "logs", "jupyterlab.log");
  for (const folder of [dirname(log), project.notebooks]) mkdirSync(folder, { recursive: true });
  const root = process.getuid?.() === 0 ? ["--allow-root"] : [];
  const child = spawn(
    project.python,
    // The port is one that is free: were it taken meanwhile, another server must not be moved to silently.
    [
      "-m",
      "jupyterlab",
      "--no-browser",
      `--ServerApp.ip=${HOST}`,
      `--port=${chosen}`,
      "--ServerApp.port_retries=0",
      "--ServerApp.root_dir=.",
      ...root,
    ],
    {
      cwd: project.notebooks,
      // The token travels in a variable: a command line is visible to everybody on the machine.
      env: { ...kitEnvironment(project), JUPYTER_TOKEN: token },
      // A group of its own: Ctrl-C comes to us, and Jupyter is asked to stop instead of asking whether it should.
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const file = createWriteStream(log);
  child.stdout.pipe(file);
  child.stderr.pipe(file);
  const ended = /** @type {Promise<number>} */ (
    new Promise((resolve) => {
      child.on("error", (error) => {
        file.write(`${error.message}\n`);
        resolve(127);
      });
      child.on("close", (code) => resolve(code ?? 1));
    })
  );
  const stop = () => stopServer(child, ended);
  const ready = untilReady(`http://${HOST}:${chosen}/api/status`, token, ended, log).catch(async (error) => {
    await stop();
    throw error;
  });
  const place = notebook === undefined ? "lab" : `lab/tree/${encodeURIComponent(notebook)}`;
  return { url: `http://${HOST}:${chosen}/${place}?token=${token}`, ready, ended, stop, log };
}

/** The port asked for, which has to be free, or the first free one from {@link FIRST_PORT} on. */
export async function choosePort(/** @type {number | undefined} */ asked) {
  if (asked !== undefined) {
    if (await isFree(asked)) return asked;
    throw new SetupFailure(`port ${asked} on ${HOST} is taken`, {
      type: "Another one: npm start -- --port N, or none, and a free one is found",
    });
  }
  for (let port = FIRST_PORT; port < FIRST_PORT + 100; port++) if (await isFree(port)) return port;
  throw new SetupFailure(`no free port between ${FIRST_PORT} and ${FIRST_PORT + 99}`, {
    type: "npm start -- --port N",
  });
}

/** @returns {Promise<boolean>} */
function isFree(/** @type {number} */ port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, HOST, () => probe.close(() => resolve(true)));
  });
}

/**
 * @param {string} url
 * @param {string} token
 * @param {Promise<number>} ended
 * @param {string} log
 */
async function untilReady(url, token, ended, log) {
  const began = performance.now();
  let over = false;
  ended.then(() => {
    over = true;
  });
  while (!(await answers(url, token))) {
    const waited = performance.now() - began;
    if (over || waited > READY_TIMEOUT_MS) {
      const why = over
        ? "JupyterLab ended before it was ready"
        : `JupyterLab did not answer within ${READY_TIMEOUT_MS / 1000} s`;
      throw new SetupFailure(why, { detail: tail(readFileSync(log, "utf8")), type: `The whole log: ${log}` });
    }
    showProgress(`starting JupyterLab, ${Math.round(waited / 1000)} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/**
 * Whether the server at an address answers.
 *
 * @param {string} url
 * @param {string} token
 * @returns {Promise<boolean>}
 */
export function answers(url, token) {
  // Without the agent everybody shares, which NODE_USE_ENV_PROXY=1 turns into a proxy's: no proxy reaches this machine.
  const options = { agent: false, headers: { Authorization: `token ${token}` }, timeout: 5_000 };
  return new Promise((resolve) => {
    const request = get(url, options, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on("error", () => resolve(false));
    request.on("timeout", () => request.destroy());
  });
}

/** End the server and its kernels: politely, and after {@link STOP_TIMEOUT_MS} for good. */
async function stopServer(
  /** @type {import("node:child_process").ChildProcess} */ child,
  /** @type {Promise<number>} */ ended,
) {
  if (child.pid === undefined || child.exitCode !== null) return;
  child.kill("SIGTERM");
  const patience = setTimeout(() => killGroup(child.pid), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(patience);
}

function killGroup(/** @type {number | undefined} */ pid) {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {} // Gone meanwhile.
}
