/** What the studies are asked: their answers in a sentence, and the claims of others. */
import type { Answers, Claim } from "../lab/index.js";

/** Answers by study; the others say which arm is lowest. */
export const answers: Answers = {};

export const claims: readonly Claim[] = [];
