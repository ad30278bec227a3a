import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { SetupFailure } from "./failure.mjs";
import { bytes, duration, showProgress } from "./screen.mjs";

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env]
 * @property {string} [log] File that receives the whole output.
 * @property {(line: string) => void} [onLine] Called with every line the program writes.
 * @property {() => string} [progress] What to show, beside the elapsed time, while the program runs.
 * @property {boolean} [shown] The program writes straight to the terminal; `output` stays empty.
 * @property {boolean} [patient] Asked to stop, the program is left to finish in its own way, and we end after it.
 */

/**
 * Programs under way, ended with us: nobody should find a compiler still running after Ctrl-C.
 *
 * @type {Map<import("node:child_process").ChildProcess, { patient: boolean }>}
 */
const children = new Map();

/** Our exit code, once we were asked to stop and wait for a program. @type {number | undefined} */
let stopping;

// Of SIGINT and SIGTERM a program is sent the other one. What reaches us often reached it as well, from the terminal or with
// the whole group, and a second signal of one kind means to stop at once.
for (const [signal, code, sent] of /** @type {const} */ ([
  ["SIGINT", 130, "SIGTERM"],
  ["SIGTERM", 143, "SIGINT"],
  ["SIGHUP", 129, "SIGTERM"],
])) {
  process.on(signal, () => {
    if (process.listenerCount(signal) > 1) return; // Somebody further up stops in their own, gentler way.
    if (stopping !== undefined) return; // npm hands on what the terminal has sent us already.
    for (const [child, { patient }] of children) child.kill(patient ? sent : "SIGTERM");
    if (!isWaiting()) process.exit(code);
    stopping = code;
  });
}

function isWaiting() {
  return [...children.values()].some(({ patient }) => patient);
}

/**
 * Run a program to its end, without a terminal to ask questions on.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<{ code: number, output: string, missing: boolean }>} Its exit code and everything it wrote.
 *   `missing`: there is no such program.
 */
export function run(
  command,
  args,
  { cwd, env = process.env, log, onLine, progress, shown = false, patient = false } = {},
) {
  const began = performance.now();
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: shown ? ["ignore", "inherit", "inherit"] : ["ignore", "pipe", "pipe"],
    });
    children.set(child, { patient });
    let output = "";
    let rest = "";
    const take = (/** @type {Buffer} */ chunk) => {
      const text = chunk.toString();
      output += text;
      const lines = (rest + text).split(/[\r\n]+/);
      rest = lines.pop() ?? "";
      for (const line of lines) onLine?.(line);
    };
    child.stdout?.on("data", take);
    child.stderr?.on("data", take);
    const tick = () => {
      const parts = [duration(performance.now() - began), written(child.pid), progress?.() ?? ""];
      showProgress(parts.filter((part) => part !== "").join(" · "));
    };
    const timer = progress === undefined ? undefined : setInterval(tick, 500);
    const finish = (/** @type {number} */ code, missing = false) => {
      clearInterval(timer);
      children.delete(child);
      if (log !== undefined) {
        mkdirSync(dirname(log), { recursive: true });
        writeFileSync(log, output);
      }
      if (stopping !== undefined && !isWaiting()) process.exit(stopping);
      resolve({ code, output, missing });
    };
    child.on("error", (error) => {
      output += error.message;
      finish(127, "code" in error && error.code === "ENOENT");
    });
    child.on("close", (code, signal) => finish(code ?? (signal === null ? 1 : 128)));
  });
}

/**
 * Run a program that has to succeed.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions & { why: string, type?: string }} options `why`: what its failure means; `type`: the remedy.
 * @returns {Promise<string>} Its output.
 */
export async function must(command, args, { why, type, ...options }) {
  const { code, output } = await run(command, args, options);
  if (code !== 0) throw new SetupFailure(why, { type, detail: tail(output) });
  return output;
}

/** The output of a short program, or `undefined` when it is missing, fails or takes longer than `timeout` ms. */
export function ask(
  /** @type {string} */ command,
  /** @type {readonly string[]} */ args,
  { timeout = 20_000, env = process.env } = {},
) {
  const { status, stdout } = spawnSync(command, args, {
    encoding: "utf8",
    timeout,
    env,
    stdio: ["ignore", "pipe", "ignore"],
  });
  return status === 0 ? stdout : undefined;
}

/** The lines of a program's output where it says what went wrong: all of a short one, else its beginning and end. */
export function tail(/** @type {string} */ output, lines = 14) {
  const all = output.trimEnd().split("\n");
  if (all.length <= lines) return all.join("\n");
  return [...all.slice(0, lines / 2), "…", ...all.slice(-lines / 2)].join("\n");
}

/** The last line of a program's output. */
export function lastLine(/** @type {string} */ output) {
  return output.trimEnd().split("\n").at(-1)?.trim() || "no reason given";
}

/** The line of a Node's dying words that says why: below the source it quotes, above the stack and its own version. */
export function errorLine(/** @type {string} */ output) {
  const line = output
    .split("\n")
    .find((text) => /^(\w*Error|\S+\.node: )|symbol lookup error|cannot open/.test(text.trim()));
  return line?.trim().replace(/^Error: /, "") ?? lastLine(output);
}

/** What a program has written to disk so far: the one measure of a download that needs no cooperation. Linux only. */
function written(/** @type {number | undefined} */ pid) {
  try {
    const count = Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1]);
    return count > 5e6 ? `${bytes(count)} written` : "";
  } catch {
    return "";
  }
}
