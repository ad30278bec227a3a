/** Texts in which something is told once, and asked for at the end. */
import { boundaryOf, type Tokenizer, toyStories } from "../text/index.js";

/** A text of ids, in which a name is told and asked for. */
export type PlantedText = {
  readonly ids: Int32Array;
  /** Places of the name where it was told. */
  readonly told: readonly number[];
  /** Place of the name's first token at the end. */
  readonly asked: number;
};

const names = ["Tom", "Lily", "Max", "Mia", "Ben", "Sue", "Sam", "Anna"] as const;
const animals = ["cat", "dog", "bird", "bear"] as const;

/**
 * Texts that tell the name of an animal, go on about something else, and ask for the name:
 * `There was a cat named Tom. … The cat was named Tom`.
 *
 * What goes on is of the kit's own stories, whole sentences without the name.
 *
 * @param texts how many; each has an animal, a name and a story of its own
 * @param tokens least number between the name and the question
 */
export function plantedTexts(
  tokenizer: Tokenizer,
  { texts, tokens }: { readonly texts: number; readonly tokens: number },
): readonly PlantedText[] {
  const boundary = boundaryOf(tokenizer);
  return Array.from({ length: texts }, (_, text) => {
    const name = names[text % names.length];
    // Each name meets each animal.
    const animal = animals[Math.floor(text / names.length) % animals.length];
    const encode = (part: string): number[] => [...tokenizer.encode(part)];
    const before = encode(`There was a ${animal} named`);
    const answer = encode(` ${name}`);
    const between = [...encode(".")];
    for (const sentence of sentences(text)) {
      if (between.length >= tokens) break;
      if (!sentence.includes(name)) between.push(...encode(` ${sentence}`));
    }
    const question = encode(` The ${animal} was named`);
    const start = 1 + before.length;
    const asked = start + answer.length + between.length + question.length;
    return {
      ids: Int32Array.of(boundary, ...before, ...answer, ...between, ...question, ...answer),
      told: answer.map((_, i) => start + i),
      asked,
    };
  });
}

/** Sentences of stories that belong to a number. */
function sentences(seed: number): readonly string[] {
  return toyStories({ seed: 1000 + seed, count: 20 })
    .flatMap((story) => story.match(/[^.!?]+[.!?]/g) ?? [])
    .map((s) => s.trim());
}
