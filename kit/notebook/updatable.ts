/** One output that is replaced again and again, at most ten times a second. */
import { randomBytes } from "node:crypto";
import { type Bundle, host } from "./host.js";

/** The shortest time between two updates. */
export const MIN_UPDATE_MS = 100;

/** Where the kernel does not say that a cell ends, a picture that has not changed for this long is taken as final. */
const SETTLED_MS = 1_000;

/** A picture that changes; `draw` is called for each update that is really sent. */
export type Updatable = {
  /** Says that the picture changed; sends it now or a little later. */
  readonly changed: () => void;
  /** Sends the final picture now. A later change opens it again. */
  readonly finish: () => void;
};

/**
 * Puts an updatable output below the running cell. In a notebook it finishes by itself when the cell ends.
 *
 * @param draw makes the bundle; `final` asks for the complete one
 * @param terminal shows the picture where there is no notebook
 * @returns the output
 */
export function updatable(draw: (final: boolean) => Bundle, terminal: (final: boolean) => void): Updatable {
  const id = randomBytes(8).toString("hex");
  let shown = false;
  let open = false;
  let sentAt = 0;
  let timer: NodeJS.Timeout | undefined;
  let settled: NodeJS.Timeout | undefined;
  const send = (final: boolean): void => {
    clearTimeout(timer);
    timer = undefined;
    const notebook = host();
    if (notebook === undefined) terminal(final);
    else notebook.display(draw(final), { id, update: shown });
    shown = true;
    sentAt = Date.now();
  };
  const finish = (): void => {
    if (!open) return;
    open = false;
    clearTimeout(settled);
    send(true);
  };
  return {
    changed: () => {
      const notebook = host();
      if (!open) {
        open = true;
        notebook?.atCellEnd?.(finish);
      }
      if (notebook !== undefined && notebook.atCellEnd === undefined) {
        clearTimeout(settled);
        settled = setTimeout(finish, SETTLED_MS);
      }
      const wait = sentAt + MIN_UPDATE_MS - Date.now();
      if (wait <= 0) send(false);
      else timer ??= setTimeout(() => send(false), wait).unref();
    },
    finish,
  };
}
