export {
  type CorpusRecipe,
  type CorpusSpec,
  fetchCorpus,
  fetchedCorpora,
  type Looked,
  lookedText,
  type Manifest,
  type MissingText,
  manifestText,
  openCorpus,
  type RebuildOptions,
  type Rebuilt,
  readManifest,
  readParquet,
  readParquetRows,
} from "./corpora/index.js";
export { type Corpus, corpus, corpusHash, isHeldOut, splitCorpus, textHash, utf8Bytes } from "./corpus.js";
export { type FrequentTokensJson, frequentTokens, tokenizerFromFrequent } from "./frequentTokens.js";
export { type GgufVocabulary, tokenizerFilesFromGguf, tokenizerFromGguf } from "./gguf.js";
export { ggufVocabulary, ggufVocabularyOfPieces } from "./ggufVocabulary.js";
export { gpt2Tokenizer } from "./gpt2.js";
export { tokenizerFromJson } from "./json.js";
export { tokenizerFromLlama2c } from "./llama2c.js";
export * from "./mixtures/index.js";
export {
  type Batch,
  batches,
  type DataCursor,
  type Documents,
  encodeDocuments,
  epochTokens,
  joinDocuments,
  type PackingOptions,
  packer,
  shuffles,
  startCursor,
} from "./packing.js";
export { type ReadDocumentsOptions, readDocuments, readJsonl } from "./readTexts.js";
export * from "./rows/index.js";
export { tokenizerFromSentencePiece } from "./sentencepiece.js";
export { type LengthStage, packingAt, type StagedPacking, stagedBatches, stagesOf } from "./stages.js";
export { TextStream, type TextStreamOptions } from "./stream.js";
export {
  assertFits,
  type DecodeOptions,
  type EncodeOptions,
  type SpecialIds,
  type Tokenizer,
  type TokenizerKind,
} from "./tokenizer.js";
export { type ToyStoriesOptions, type ToyStory, toyStories, toyStory } from "./toyStories.js";
export { type TokenizerJson, type TrainBpeOptions, trainBpe } from "./trainBpe.js";
export {
  documentBoundary,
  openTokenizer,
  type TokenizerSpec,
  type TrainedTokenizerJson,
  trainedTokenizer,
  unknownTokens,
} from "./trainedTokenizer.js";
