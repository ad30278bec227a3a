export { type CorpusSpec, fetchCorpus, fetchedCorpora, lookedText, openCorpus } from "./corpora.js";
export { type Manifest, manifestText, readManifest } from "./manifest.js";
export { readParquet, readParquetRows } from "./parquet.js";
export type { CorpusRecipe, Looked, RebuildOptions, Rebuilt } from "./rebuild.js";
export type { MissingText } from "./search.js";
