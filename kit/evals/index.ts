export { type DataOptions, openDataset } from "./data/dataset.js";
export { buildItems, type GenerationOptions, type Item, type Request } from "./requests/requests.js";
export {
  type CatalogueOptions,
  type Group,
  type NamedFunctions,
  type Selection,
  selectTasks,
  taskNames,
} from "./tasks/catalogue.js";
export type { Doc, MetricValue, OutputType, Splits, TaskConfig } from "./tasks/config.js";
