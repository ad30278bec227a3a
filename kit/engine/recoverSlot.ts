/** How a notebook's kernel finds the engine that its cells use, without loading one. */

/** The slot on `globalThis` where the engine leaves its `recover` when it is loaded. */
export const RECOVER_SLOT: unique symbol = Symbol.for("kintsugi.engine.recover");

export type RecoverSlot = { [RECOVER_SLOT]?: () => void };
