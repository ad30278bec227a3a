import { UserError } from "../errors.js";
import { type Draw, drawer } from "./draw.js";
import { parts } from "./stories/common.js";
import { teller } from "./stories/expand.js";
import { lists } from "./stories/lists.js";
import { boys, elders, girls, pawNames, paws } from "./stories/people.js";
import type { Plot } from "./stories/plot.js";
import { plotsAbroad } from "./stories/plotsAbroad.js";
import { plotsGrow } from "./stories/plotsGrow.js";
import { plotsLost } from "./stories/plotsLost.js";
import { plotsTogether } from "./stories/plotsTogether.js";

/** Which toy stories to tell. */
export type ToyStoriesOptions = {
  /** Another seed, other stories; an integer. */
  readonly seed: number;
  /** How many. */
  readonly count: number;
  /** Number of the first story; default 0. Story 7 is the same story wherever one begins. */
  readonly from?: number;
};

/** One synthetic story, and who is in it. */
export type ToyStory = {
  readonly text: string;
  readonly plot: string;
  /** The hero, the friend and the grown-up with their pronouns; friend and grown-up may stay off stage. */
  readonly cast: readonly { readonly name: string; readonly pronoun: "she" | "he" }[];
};

const SEASONS = ["spring", "summer", "autumn", "winter"];

const plots: readonly Plot[] = [...plotsLost, ...plotsGrow, ...plotsTogether, ...plotsAbroad];

/**
 * Short stories from a seeded grammar: synthetic text in the kit's own words, free to use and copy.
 *
 * People, pronouns, things and causes stay the same through a story, so that there is something to learn. Every story
 * is a function of seed and number alone, on every platform.
 *
 * @param options seed, how many, and from which on
 * @returns the stories, about 160 words each, paragraphs separated by a line feed
 * @throws UserError for a seed or count that is no sensible integer
 */
export function toyStories(options: ToyStoriesOptions): string[] {
  const { seed, count, from = 0 } = options;
  for (const [name, value] of Object.entries({ seed, count, from })) {
    if (!Number.isSafeInteger(value) || (name !== "seed" && value < 0)) {
      throw new UserError(`${name} is ${value}`, { where: "toyStories", expected: "an integer, not negative" });
    }
  }
  return Array.from({ length: count }, (_, i) => toyStory(seed, from + i).text);
}

/**
 * One toy story with its cast.
 *
 * @param seed which world of stories
 * @param index number of the story
 * @returns the story
 */
export function toyStory(seed: number, index: number): ToyStory {
  const draw = drawer(seed, index);
  const plot = plots[draw(plots.length)];
  const seasons = plot.seasons ?? SEASONS;
  const asPaw = plot.cast === "paw" || (plot.cast === "any" && draw(4) === 0);
  const hero = actor(draw, asPaw);
  let friend = actor(draw, asPaw);
  while (friend.name === hero.name) friend = actor(draw, asPaw);
  const [elder, elderPronoun] = elders[draw(elders.length)];
  const kind = asPaw ? paws[draw(paws.length)][0] : friend.pronoun === "she" ? "girl" : "boy";
  const fixed = new Map([
    ["season", seasons[draw(seasons.length)]],
    ["hero", hero.name],
    ["girl", hero.pronoun === "she" ? "girl" : "boy"],
    ["friend", friend.name],
    ["f.kind", kind],
    ["elder", elder],
    ...pronouns("", hero.pronoun),
    ...pronouns("f.", friend.pronoun),
    ...pronouns("e.", elderPronoun),
  ]);
  const aliases = new Map([
    ["opening", asPaw ? "openingPaw" : "openingChild"],
    ["neighbour", asPaw ? "neighbourPaw" : "neighbourChild"],
    ["hobbyAny", asPaw ? "pawHobby" : "hobby"],
  ]);
  const tell = teller({ fixed, lists, parts, aliases }, draw);
  const paragraphs = plot.paragraphs.map((beats) => tell(beats.map((beat) => beat[draw(beat.length)]).join(" ")));
  const cast = [hero, friend, { name: elder, pronoun: elderPronoun === "she" ? ("she" as const) : ("he" as const) }];
  return { text: paragraphs.join("\n"), plot: plot.name, cast };
}

function actor(draw: Draw, asPaw: boolean): { name: string; pronoun: "she" | "he" } {
  const pronoun = draw(2) === 0 ? "she" : "he";
  const names = asPaw ? pawNames : pronoun === "she" ? girls : boys;
  return { name: names[draw(names.length)][0], pronoun };
}

function pronouns(prefix: string, pronoun: string): [string, string][] {
  const forms = pronoun === "she" ? ["she", "her", "her", "herself"] : ["he", "him", "his", "himself"];
  return ["he", "him", "his", "himself"].map((slot, i) => [prefix + slot, forms[i]]);
}
