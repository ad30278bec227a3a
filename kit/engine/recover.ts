/** Order after code that was ended from outside. */
import { executeAtOnce } from "./executor.js";
import { dropTape } from "./primitive.js";
import { RECOVER_SLOT, type RecoverSlot } from "./recoverSlot.js";
import { endScopes } from "./scope.js";
import { isLoaded } from "./tensorflow.js";
import { endTrace } from "./trace.js";

/**
 * Puts the engine in order after JavaScript was terminated, as the stop button of a notebook does: that skips `finally`, and
 * with it the end of scopes, gradients and traces. What they had made is freed, as if an error had ended them.
 *
 * To be called by nobody inside of one of them. Between two turns of the event loop that is so: they are all synchronous.
 */
export function recover(): void {
  if (!isLoaded()) return;
  executeAtOnce();
  endTrace();
  endScopes(dropTape);
}

(globalThis as RecoverSlot)[RECOVER_SLOT] = recover;
