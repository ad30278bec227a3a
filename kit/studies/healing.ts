/** What conversions break, and how much of it training heals. */
import { healing, type Study } from "../lab/index.js";
import { type LiquidPart, liquidParts } from "../model/index.js";
import type { HeadSplit } from "../nn/index.js";
import { differentialLiquidMetal, differentialV2, liquidMetal, type Recipe } from "../surgery/index.js";
import { million } from "./teeny.js";
import { smol, stories, type Trained } from "./trained.js";
import { partWords } from "./words.js";

const rewritten: Recipe = { ...liquidMetal, init: "standard" };

/** Differential attention of the first version; of halved heads, as DiffLlama has it, or with the head beside the difference. */
function differential(split: HeadSplit, output?: "plainSubNorm" | "residual"): Recipe {
  return { attention: { version: 1, split, ...(output === undefined ? {} : { output }) }, init: "identity" };
}

type Converted = { readonly label: string; readonly recipe?: Recipe };

/** The base trained on the same tokens, and everything it can be converted into. */
const conversions = {
  control: { label: "the base itself" },
  liquid: { label: "Liquid Metal, identity", recipe: liquidMetal },
  "liquid-standard": { label: "Liquid Metal, rewritten", recipe: rewritten },
  "v1-within": { label: "differential V1, within heads", recipe: differential("withinHead") },
  "v1-pairs": { label: "differential V1, pairs of heads", recipe: differential("adjacentHeads") },
  "v1-halves": { label: "differential V1, halves of the heads", recipe: differential("halvedHeads", "plainSubNorm") },
  "v1-residual": { label: "differential V1 beside the head", recipe: differential("halvedHeads", "residual") },
  v2: { label: "differential V2", recipe: differentialV2 },
  "liquid-v1": { label: "Liquid Metal and differential V1", recipe: differentialLiquidMetal },
} as const satisfies Readonly<Record<string, Converted>>;

function chosen(...names: readonly (keyof typeof conversions)[]): Readonly<Record<string, Converted>> {
  return Object.fromEntries(names.map((name) => [name, conversions[name]]));
}

/** Everything together, each module alone, each left out. */
const modules: Readonly<Record<string, Converted>> = {
  none: { label: "none" },
  ...Object.fromEntries(liquidParts.map((part) => [`only-${part}`, only([part], `${partWords[part]} alone`)])),
  ...Object.fromEntries(
    liquidParts.map((part) => [
      `no-${part}`,
      only(
        liquidParts.filter((other) => other !== part),
        `without ${partWords[part]}`,
      ),
    ]),
  ),
  all: only(liquidParts, "all three"),
};

function only(parts: readonly LiquidPart[], label: string): Converted {
  return { label, recipe: { liquid: { parts }, init: "identity" } };
}

function armsOf({ source, config, dials }: Trained, converted: Readonly<Record<string, Converted>>): Study["arms"] {
  const corpus = { kind: "tinystories-13k" } as const;
  return Object.fromEntries(
    Object.entries(converted).map(([name, { label, recipe }]) => [
      name,
      { label, spec: healing(config, { ...dials, source, recipe, corpus }) },
    ]),
  );
}

/** Every conversion of a small model of stories. */
export const healStories: Study = {
  name: "heal-stories",
  title: "Conversions of TinyStories-656K, healed",
  question: "How much of what a conversion breaks do a million tokens heal, and is the result better than the base?",
  arms: armsOf(stories, conversions),
  baseline: "control",
  seeds: [0, 1, 2],
  pilot: stories.pilot,
};

/** Whether those that a million tokens leave behind the base come back with four. */
export const healStoriesLong: Study = {
  name: "heal-stories-4m",
  title: "Conversions of TinyStories-656K, healed by four million tokens",
  question: "Do four million tokens heal what one million left broken?",
  arms: armsOf(
    { ...stories, dials: { ...stories.dials, tokens: 4 * million, validateEvery: million / 4 } },
    chosen("control", "liquid", "liquid-standard", "v1-within", "v1-pairs", "v1-halves"),
  ),
  baseline: "control",
  seeds: [0],
  pilot: stories.pilot,
};

/** The card: its modules “synergize”. */
export const liquidModules: Study = {
  name: "liquid-parts",
  title: "Modules of Liquid Metal",
  question: "Do adaptive norms, token mixing and squeeze-and-excitation do more together than each alone?",
  arms: armsOf(stories, modules),
  baseline: "none",
  seeds: [0, 1, 2],
  pilot: stories.pilot,
};

/**
 * What squeeze-and-excitation gains where a row is one text of joined stories, as in the runs of most scripts, and where stories are
 * kept apart.
 */
export const joinedStories: Study = {
  name: "joined",
  title: "Stories joined or apart",
  question:
    "Is what squeeze-and-excitation gains more than the first token of a story, which rows of joined stories do not teach?",
  arms: {
    ...armsOf(stories, {
      apart: { label: "apart" },
      "apart-se": only(["squeezeExcite"], `apart, ${partWords.squeezeExcite}`),
    }),
    ...armsOf(
      { ...stories, dials: { ...stories.dials, documents: "joined" } },
      { joined: { label: "joined" }, "joined-se": only(["squeezeExcite"], `joined, ${partWords.squeezeExcite}`) },
    ),
  },
  baseline: "apart",
  seeds: [0, 1, 2],
  pilot: stories.pilot,
};

/** A model of 135 million parameters that knows more than stories. */
export const healSmolLm2: Study = {
  name: "heal-smollm2",
  title: "Conversions of SmolLM2-135M, healed",
  question: "Do 300,000 tokens heal what conversions break in a model of 135 million parameters?",
  arms: armsOf(smol, chosen("control", "liquid", "liquid-standard", "v1-within")),
  baseline: "control",
  seeds: [0],
  pilot: smol.pilot,
};
