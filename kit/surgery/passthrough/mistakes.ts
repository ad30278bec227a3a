import { UserError, type UserErrorParts } from "../../errors.js";

/** Where something stands in a text; both count from 1. */
export type Place = { readonly line: number; readonly column: number };

type Mistake = { readonly place: Place; readonly what: string; readonly parts: Omit<UserErrorParts, "where"> };

/**
 * The mistakes of one file, gathered so that all of them are told at once. A class, because it accumulates.
 */
export class Mistakes {
  private readonly found: Mistake[] = [];

  /** @param file the file's name, for messages */
  constructor(readonly file: string) {}

  get count(): number {
    return this.found.length;
  }

  add(place: Place, what: string, parts: Omit<UserErrorParts, "where"> = {}): void {
    this.found.push({ place, what, parts });
  }

  /** @throws UserError when there are any: see {@link error} */
  throwIfAny(): void {
    if (this.found.length > 0) throw this.error();
  }

  /** All mistakes in the order of the file: one as a sentence, several as a list with a line each. */
  error(): UserError {
    const sorted = [...this.found].sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column);
    const [first, ...more] = sorted;
    if (first !== undefined && more.length === 0) {
      return new UserError(first.what, { ...first.parts, where: `${this.file}:${positionText(first.place)}` });
    }
    const lines = sorted.map(({ place, what, parts }) => {
      return `\n  ${positionText(place)}  ${new UserError(what, parts).message}`;
    });
    return new UserError(`${this.file} has ${sorted.length} mistakes:${lines.join("")}`);
  }
}

/** `4:7`, as editors write it. */
export function positionText({ line, column }: Place): string {
  return `${line}:${column}`;
}
