/** All studies, in the order of their tables. */
import type { Study } from "../lab/index.js";
import { alphaByNormConv, alphaByNormDelta } from "./alphaByNorm.js";
import { deltaDetails, precision, sequence } from "./details.js";
import { growing } from "./growing.js";
import { healSmolLm2, healStories, healStoriesLong, joinedStories, liquidModules } from "./healing.js";
import { mergeScales } from "./merging.js";
import { mixer, mixerLong } from "./mixer.js";
import { original, teenySFull } from "./original.js";
import { ternariseSmolLm2, ternariseStories } from "./ternarise.js";

export const studies: readonly Study[] = [
  alphaByNormConv,
  alphaByNormDelta,
  mixer,
  mixerLong,
  precision,
  deltaDetails,
  sequence,
  original,
  teenySFull,
  healStories,
  healStoriesLong,
  liquidModules,
  joinedStories,
  healSmolLm2,
  ternariseStories,
  ternariseSmolLm2,
  mergeScales,
  growing,
];
