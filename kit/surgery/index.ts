export { type ConvertOptions, convert } from "./convert/convert.js";
export { addHeads, addLayers, type NewHeads, type NewLayers } from "./convert/grow.js";
export { chosenLayers, type LayerChoice, type LayerRange, readLayers } from "./convert/layers.js";
export { recipeReader } from "./convert/readRecipe.js";
export {
  convertedConfig,
  departure,
  differentialLiquidMetal,
  differentialV2,
  liquidMetal,
  type Recipe,
  recipes,
  ternary,
} from "./convert/recipe.js";
export { type BeforeAfter, type ConversionReport, conversionReport, type Growth, growth } from "./convert/report.js";
export { type TernariseSpec, ternarise } from "./convert/ternarise.js";
export { type MergeOptions, merge } from "./passthrough/merge.js";
export { type ModelSlice, passthrough } from "./passthrough/models.js";
export {
  type MergePlan,
  type PlannedPart,
  type PlannedTensor,
  type PlanOptions,
  planMerge,
  plannedTensors,
  planText,
} from "./passthrough/plan.js";
export { type Gradient, type ScaleRule, type ScaleRules, scaleOf, valueAt } from "./passthrough/rules.js";
export {
  type Factors,
  factorsByName,
  fittedFactor,
  fittedText,
  mergeText,
  type NamedSlice,
} from "./passthrough/write.js";
