export { type MergeOptions, merge } from "./passthrough/merge.js";
export { type ModelSlice, passthrough } from "./passthrough/models.js";
export {
  type MergePlan,
  type PlannedPart,
  type PlannedTensor,
  type PlanOptions,
  planMerge,
  plannedTensors,
} from "./passthrough/plan.js";
export { type Gradient, type ScaleRule, type ScaleRules, scaleOf, valueAt } from "./passthrough/rules.js";
