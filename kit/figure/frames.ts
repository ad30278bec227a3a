/** What a figure of several states is stepped through with. */
import type { Frame, Layout, Trace } from "./spec.js";

/** How long each state stays when they are played, in milliseconds. */
const PLAY_MS = 900;

/** A state replaces the one before at once: what moves would be read as data. */
const options = (stayMs: number): object => ({
  mode: "immediate",
  fromcurrent: true,
  frame: { duration: stayMs, redraw: true },
  transition: { duration: 0 },
});

/**
 * A slider and a button to play below the plot; nothing for a figure without frames.
 *
 * @param frames the states, in order
 * @param shown what the figure shows first
 * @returns parts of a layout
 */
export function controls(frames: readonly Frame[], shown: readonly Trace[]): Layout {
  if (frames.length === 0) return {};
  const steps = frames.map(({ name }) => ({ label: name, method: "animate", args: [[name], options(0)] }));
  const active = Math.max(
    0,
    frames.findIndex(({ data }) => data === shown),
  );
  const place = { y: 0, yanchor: "top", xanchor: "left", pad: { t: 56, b: 8 } };
  return {
    sliders: [
      {
        ...place,
        x: 0.12,
        len: 0.88,
        active,
        steps,
        currentvalue: { prefix: "", xanchor: "right", offset: 4 },
        ticklen: 4,
      },
    ],
    updatemenus: [
      {
        ...place,
        x: 0,
        type: "buttons",
        showactive: false,
        buttons: [{ label: "play", method: "animate", args: [null, options(PLAY_MS)] }],
      },
    ],
  };
}
