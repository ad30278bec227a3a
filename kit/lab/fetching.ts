/** What runs tell of downloads: a model or a corpus may be gigabytes, and nobody is to wait for it unknowing. */
import { formatMegabytes } from "../numbers.js";
import type { Progress } from "../source/index.js";

/** Told in words what happens. */
export type Say = (message: string) => void;

/** Time between two lines about what is fetched. */
const quietMs = 15_000;

/**
 * Says how far a fetch is: when it begins, and then now and then.
 *
 * @param name of what is fetched, which may be several files
 * @param say default: a warning
 */
export function fetching(name: string, say: Say = console.warn): { readonly progress: Progress } {
  let last = Number.NEGATIVE_INFINITY;
  const progress: Progress = ({ file, bytes, total }) => {
    if (performance.now() - last < quietMs) return;
    last = performance.now();
    const whole = total === undefined ? "" : ` of ${formatMegabytes(total)}`;
    say(`fetches ${name}: ${file}, ${formatMegabytes(bytes)}${whole}`);
  };
  return { progress };
}
