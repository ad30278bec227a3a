/** Texts that say of words what they name, and ask it of one more. */
import { boundaryOf, shuffles, type Tokenizer } from "../text/index.js";

/** A text of ids, and what may stand at its end. */
export type ClassedText = {
  readonly ids: Int32Array;
  /** The classes there are, as they would go on, each at least one id. */
  readonly classes: readonly Int32Array[];
  /** Which of them is right. */
  readonly right: number;
};

const words = {
  fruit: ["apple", "banana", "cherry", "grape", "peach", "lemon"],
  vegetable: ["carrot", "onion", "potato", "cabbage", "spinach", "pea"],
  flower: ["rose", "tulip", "daisy", "lily", "violet", "poppy"],
  tree: ["oak", "pine", "birch", "maple", "willow", "elm"],
} as const;

const classes = Object.keys(words) as readonly (keyof typeof words)[];

/**
 * Texts that put words into classes, one to a line, and leave the class of the last word open:
 * `rose: flower\nonion: vegetable\nelm: tree\napple: fruit\noak:`.
 *
 * One word of each class goes before, in an order of each text's own; the last is none of them.
 *
 * @param texts how many; the classes take turns at the end
 */
export function classedTexts(tokenizer: Tokenizer, texts: number): readonly ClassedText[] {
  const boundary = boundaryOf(tokenizer);
  const encode = (part: string): Int32Array => Int32Array.from(tokenizer.encode(part));
  const ends = classes.map((name) => encode(` ${name}`));
  return Array.from({ length: texts }, (_, text) => {
    const right = text % classes.length;
    // The first word of each class is told, the second of one of them is asked for.
    const drawn = classes.map((name, at) => {
      const [first, second] = shuffles(words[name].length)(at, text);
      return [words[name][first], words[name][second]] as const;
    });
    const order = shuffles(classes.length)(classes.length, text);
    const told = [...order].map((at) => `${drawn[at][0]}: ${classes[at]}\n`).join("");
    const ids = Int32Array.of(boundary, ...encode(`${told}${drawn[right][1]}:`));
    return { ids, classes: ends, right };
  });
}
