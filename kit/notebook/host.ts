/** How displays find the notebook they run in: our kernel, a stock tslab, or none (a terminal). */
import { createRequire } from "node:module";

/** One picture in several MIME types; the richest one the viewer knows is shown. */
export type Bundle = Readonly<Record<string, unknown>>;

/** What a kernel offers to displays. */
export type Host = {
  /** Shows a bundle under the running cell; with an `id` it can be replaced later by `update`. */
  readonly display: (bundle: Bundle, options?: { readonly id?: string; readonly update?: boolean }) => void;
  /** Runs something when the running cell ends, however it ends. Without a kernel's help this is `undefined`. */
  readonly atCellEnd?: (finish: () => void) => void;
};

/** The slot on `globalThis` where our kernel leaves its {@link Host}. */
export const HOST_SLOT: unique symbol = Symbol.for("kintsugi.notebook.host");

type Slots = { [HOST_SLOT]?: Host };
type TslabJupyter = {
  lastWriteDisplayData: ((message: Record<string, unknown>, update: boolean) => void) | null;
};

/**
 * The notebook this process serves.
 *
 * @returns our kernel's host, or a stock tslab's, or `undefined` in a terminal
 */
export function host(): Host | undefined {
  return (globalThis as Slots)[HOST_SLOT] ?? stockTslab();
}

/** A stock tslab shows displays through a module of its own, found among the loaded ones. */
function stockTslab(): Host | undefined {
  const { cache } = createRequire(import.meta.url);
  const path = Object.keys(cache).find((name) => /[\\/]tslab[\\/]dist[\\/]jupyter\.js$/.test(name));
  const jupyter = path === undefined ? undefined : (cache[path]?.exports as TslabJupyter | undefined);
  if (!jupyter?.lastWriteDisplayData) return undefined;
  return {
    display: (data, { id, update = false } = {}) =>
      jupyter.lastWriteDisplayData?.(
        { data, metadata: {}, transient: id === undefined ? {} : { display_id: id } },
        update,
      ),
  };
}
