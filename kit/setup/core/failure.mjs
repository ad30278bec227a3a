/**
 * Something the person at the keyboard can mend: shown without a stack trace. Anything else that is thrown is a bug.
 */
export class SetupFailure extends Error {
  name = "SetupFailure";

  /**
   * @param {string} why One sentence, without the final full stop.
   * @param {{ type?: string, detail?: string }} [more] `type`: what to type or do next. `detail`: the last lines of a
   *   program's output.
   */
  constructor(why, { type, detail } = {}) {
    super(why);
    this.type = type;
    this.detail = detail;
  }
}

/** The message of whatever was thrown. */
export function messageOf(/** @type {unknown} */ error) {
  return error instanceof Error ? error.message : String(error);
}
