/** What the words of options are read as; commander names the option in front of each message. */
import { InvalidArgumentError } from "commander";

/** Reads a whole number from `least` on. */
export function whole(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && Number.isSafeInteger(value)) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${least} on.`);
  };
}

/** Reads several whole numbers from `least` on, one word after another. */
export function wholes(least: number): (text: string, before?: readonly number[]) => readonly number[] {
  const read = whole(least);
  return (text, before = []) => [...before, read(text)];
}

/** Reads a number from 0 on. */
export function number(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("Expected a number from 0 on.");
}

/** Reads names with commas between them. */
export function names(text: string): readonly string[] {
  return text.split(",").flatMap((name) => name.trim() || []);
}

/** Reads how many of something: a number of them, or below 1 a share. */
export function share(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value > 0 && (value < 1 || Number.isInteger(value))) return value;
  throw new InvalidArgumentError("expected a number of documents, or a share of them below 1");
}
