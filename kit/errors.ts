/** Where a {@link UserError} happened, what was expected there, and how to fix it. */
export type UserErrorParts = { readonly where?: string; readonly expected?: string; readonly fix?: string };

/**
 * A mistake in what the kit was given, as opposed to a bug in the kit.
 *
 * The message reads `what (where): expected …. fix`. The command line prints it as one line, without a stack trace,
 * and exits with 1; a notebook shows it without kit frames. Anything else that is thrown is a bug.
 */
export class UserError extends Error {
  override readonly name = "UserError";

  constructor(what: string, parts: UserErrorParts = {}) {
    const where = parts.where === undefined ? "" : ` (${parts.where})`;
    const expected = parts.expected === undefined ? "" : `: expected ${parts.expected}`;
    const fix = parts.fix === undefined ? "" : `. ${parts.fix}`;
    super(`${what}${where}${expected}${fix}`);
  }
}

/** The candidate nearest to `name` by edit distance, or `undefined` when none is close enough to be a likely typo. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(name, candidate);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}
