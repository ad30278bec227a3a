/** What the set-up writes to the terminal: finished lines, and one line that is rewritten while something is under way. */

const interactive = Boolean(process.stdout.isTTY) && process.env.TERM !== "dumb";
const coloured = interactive && process.env.NO_COLOR === undefined;
const paint = (/** @type {string} */ code, /** @type {string} */ text) =>
  coloured ? `\u001b[${code}m${text}\u001b[0m` : text;

export const green = (/** @type {string} */ text) => paint("32", text);
export const red = (/** @type {string} */ text) => paint("31", text);
export const yellow = (/** @type {string} */ text) => paint("33", text);
export const dim = (/** @type {string} */ text) => paint("2", text);
export const bold = (/** @type {string} */ text) => paint("1", text);

/** Seconds between two progress lines where a line cannot be rewritten: a log should show life, not fill up. */
const LOG_INTERVAL_S = 15;

let pending = "";
let lastLogged = 0;

/** Write a finished line. */
export function say(/** @type {string} */ line = "") {
  clearProgress();
  process.stdout.write(`${line}\n`);
}

/** Write an error line, to the stream errors belong to. */
export function complain(/** @type {string} */ line) {
  clearProgress();
  process.stderr.write(`${line}\n`);
}

/** Begin a stretch of progress: the first line in a log comes after one interval. */
export function beginProgress() {
  lastLogged = performance.now();
}

/** Show where a long step is: one rewritten line in a terminal, a line every {@link LOG_INTERVAL_S} seconds in a log. */
export function showProgress(/** @type {string} */ text) {
  if (interactive) {
    const line = `  … ${text}`.slice(0, Math.max(20, (process.stdout.columns || 80) - 1));
    process.stdout.write(`\r${line.padEnd(pending.length)}`);
    pending = line;
  } else if (performance.now() - lastLogged >= LOG_INTERVAL_S * 1000) {
    lastLogged = performance.now();
    process.stdout.write(`  … ${text}\n`);
  }
}

function clearProgress() {
  if (pending === "") return;
  process.stdout.write(`\r${" ".repeat(pending.length)}\r`);
  pending = "";
}

/** A duration as a person says it: `0.3 s`, `42 s`, `3 min 5 s`. */
export function duration(/** @type {number} */ ms) {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** A number of bytes as a person says it: `312 MB`, `1.4 GB`. */
export function bytes(/** @type {number} */ count) {
  if (count < 1e6) return `${Math.round(count / 1e3)} kB`;
  return count < 1e9 ? `${Math.round(count / 1e6)} MB` : `${(count / 1e9).toFixed(1)} GB`;
}
