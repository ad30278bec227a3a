/** All studies, in the order of their tables. */
import type { Study } from "../lab/index.js";
import { alphaByNormConv, alphaByNormDelta } from "./alphaByNorm.js";
import { deltaDetails, precision, sequence } from "./details.js";
import { mixer, mixerLong } from "./mixer.js";
import { original, teenySFull } from "./original.js";

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
];
