/** Sentences of others about what the kit builds, and what the records say to them. */
import type { Claim } from "../lab/index.js";
import { abilityClaims } from "./claims/abilities.js";
import { differentialClaims } from "./claims/differential.js";
import { liquidClaims } from "./claims/liquid.js";
import { mergeClaims } from "./claims/merging.js";
import { teenyClaims } from "./claims/teeny.js";

export const claims: readonly Claim[] = [
  ...liquidClaims,
  ...differentialClaims,
  ...mergeClaims,
  ...abilityClaims,
  ...teenyClaims,
];
