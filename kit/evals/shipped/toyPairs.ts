/** Minimal pairs over the toy stories: the kit's own words, and no download. */
import { type ToyStory, toyStory } from "../../text/index.js";
import type { Doc, Splits } from "../tasks/config.js";

/** A world of stories that nothing in the kit is trained on. */
const SEED = 271_828;

/** Pairs of each kind. */
const EACH = 100;

/** A sentence of a story, with all before it. */
type Place = { readonly context: string; readonly sentence: string };

/** Finds a sentence that this kind can spoil, and spoils it. */
type Spoil = (
  places: readonly Place[],
  story: ToyStory,
  next: ToyStory,
) => (Place & { readonly bad: string }) | undefined;

/** What is wrong with the second sentence of a pair. */
const kinds: Readonly<Record<string, Spoil>> = {
  /** Somebody nobody has heard of takes the part of the hero. */
  name: (places, { text, cast: [{ name }] }, { cast: [{ name: stranger }] }) => {
    const place = places.slice(1).find(({ context, sentence }) => context.includes(name) && hasWord(sentence, name));
    if (place === undefined || text.includes(stranger)) return undefined;
    return { ...place, bad: place.sentence.replaceAll(word(name), stranger) };
  },
  /** She turns into he, where only the hero has been told of. */
  pronoun: (places, { cast: [{ name, pronoun }] }) => {
    const [capital, other] = pronoun === "she" ? ["She", "He"] : ["He", "She"];
    const [first, second] = places;
    if (!hasWord(first.sentence, name) || second?.sentence.startsWith(`${capital} `) !== true) return undefined;
    return { ...second, bad: second.sentence.replace(capital, other) };
  },
  /** A before a vowel, an before a consonant. */
  article: (places) => {
    const place = places.slice(1).find(({ sentence }) => / an? /.test(sentence));
    const swap = (_: string, article: string): string => (article === "a" ? " an " : " a ");
    return place && { ...place, bad: place.sentence.replace(/ (an?) /, swap) };
  },
  /** Two neighbouring words change places. */
  order: (places) => {
    const place = places.slice(1).find(({ sentence }) => neighbours.test(sentence));
    return place && { ...place, bad: place.sentence.replace(neighbours, " $2 $1 ") };
  },
};

/** A small word and the longer one behind it. */
const neighbours = / (the|a|an|to|of|in|on|his|her|at|was|had) ([a-z]{4,}) /;

/** `toy_pairs` as a data set: documents `{ kind, context, good, bad }`, always the same. */
export function toyPairs(): Splits {
  return { test: () => Promise.resolve(pairs()) };
}

function pairs(): readonly Doc[] {
  const docs: Doc[] = [];
  const names = Object.keys(kinds);
  for (let index = 0; docs.length < names.length * EACH; index++) {
    // Stories take turns, so that no two pairs are from one.
    const kind = names[docs.length % names.length];
    const story = toyStory(SEED, index);
    const found = kinds[kind](placesOf(story.text), story, toyStory(SEED, index + 1));
    if (found !== undefined) docs.push({ kind, context: found.context, good: found.sentence, bad: found.bad });
  }
  return docs;
}

/** The sentences of the first paragraph. */
function placesOf(text: string): readonly Place[] {
  const [paragraph] = text.split("\n");
  const sentences = paragraph.split(/(?<=[a-z][.!?]) (?=[A-Z])/);
  return sentences.map((sentence, i) => ({ context: sentences.slice(0, i).join(" "), sentence }));
}

function word(name: string): RegExp {
  return new RegExp(`\\b${name}\\b`, "g");
}

function hasWord(text: string, name: string): boolean {
  return word(name).test(text);
}
