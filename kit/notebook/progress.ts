import { formatNumber, formatSeconds } from "../numbers.js";
import { type Bundle, host } from "./host.js";
import { escapeHtml } from "./text.js";
import { updatable } from "./updatable.js";

/** A progress bar. */
export type Progress = {
  /** Moves on by some steps (default one); the note stands behind the numbers. */
  readonly tick: (steps?: number, note?: string) => void;
  /** Moves to a position. */
  readonly set: (position: number, note?: string) => void;
  /** Ends the bar; it also ends by itself with its cell. */
  readonly done: (note?: string) => void;
};

/**
 * Shows a progress bar, updated at most ten times a second; in a terminal it is one line that is overwritten.
 *
 * @param total steps of the whole work
 * @param label what is being done, such as `"training"`
 * @returns the bar
 */
export function progress(total: number, label: string): Progress {
  const started = Date.now();
  let position = 0;
  let note = "";
  let ended = false;
  const numbers = (): string => {
    const seconds = (Date.now() - started) / 1000;
    const rate = position / Math.max(seconds, 1e-3);
    const left =
      position > 0 && position < total && !ended
        ? `${formatSeconds((total - position) / rate)} left`
        : formatSeconds(seconds);
    const stopped = ended && position < total ? "stopped · " : "";
    return `${stopped}${position}/${total} · ${formatNumber(rate, 3)}/s · ${left}${note === "" ? "" : ` · ${note}`}`;
  };
  const line = (): string => `${label} ${bar(position / total)} ${numbers()}`;
  const draw = (): Bundle => ({
    "text/html": `<div><b>${escapeHtml(label)}</b> <progress max="${total}" value="${position}" style="width: 16em; vertical-align: middle"></progress> <span style="font-variant-numeric: tabular-nums">${escapeHtml(numbers())}</span></div>`,
    "text/plain": line(),
  });
  const output = updatable(draw, (final) => terminal(line(), final));
  const set = (to: number, newNote?: string): void => {
    position = Math.min(total, to);
    note = newNote ?? note;
    output.changed();
  };
  output.changed();
  return {
    set,
    tick: (steps = 1, newNote) => set(position + steps, newNote),
    done: (newNote) => {
      ended = true;
      note = newNote ?? note;
      output.finish();
    },
  };
}

function bar(share: number, width = 24): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return "█".repeat(full) + "░".repeat(width - full);
}

/** On a terminal the line is rewritten in place; in a log only its last state is written. */
function terminal(line: string, final: boolean): void {
  const { stderr } = process;
  if (host() !== undefined) return;
  if (stderr.isTTY) stderr.write(`\r\u001b[2K${line.slice(0, (stderr.columns ?? 100) - 1)}${final ? "\n" : ""}`);
  else if (final) stderr.write(`${line}\n`);
}
