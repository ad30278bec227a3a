export { type Corpus, corpus, corpusHash, splitCorpus, textHash, utf8Bytes } from "./corpus.js";
export { type GgufVocabulary, tokenizerFromGguf } from "./gguf.js";
export { tokenizerFromJson } from "./json.js";
export { tokenizerFromLlama2c } from "./llama2c.js";
export {
  type Batch,
  batches,
  type DataCursor,
  type Documents,
  encodeDocuments,
  epochTokens,
  type PackingOptions,
  packer,
  startCursor,
} from "./packing.js";
export { type ReadDocumentsOptions, readDocuments, readJsonl } from "./readTexts.js";
export { tokenizerFromSentencePiece } from "./sentencepiece.js";
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
