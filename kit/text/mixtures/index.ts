export { encodeAnswers, type MaskedIds, type RenderedChat, renderChat, type Span } from "./answers.js";
export {
  type ChatTemplate,
  chatTemplate,
  chatTemplates,
  namedTemplate,
  type RenderOptions,
  templateOf,
} from "./chatTemplate.js";
export { type Encoding, encodeExample, encodeExamples, type MaskedDocuments } from "./examples.js";
export {
  type Example,
  type FormSpec,
  formKinds,
  type Message,
  type Role,
  RowWithoutText,
  readExample,
  recogniseForm,
  textOf,
} from "./forms.js";
export { sourceFiles } from "./locate.js";
export { type MixedSource, type Mixture, type MixtureBatch, mixtureBatches, mixturePacker } from "./mix.js";
export { namedMixture, namedMixtures } from "./named.js";
export { boundaryOf, type MixtureOptions, type OpenedMixture, type OpenedSource, openMixture } from "./open.js";
export type { MixtureSpec, SourceSpec } from "./spec.js";
export { checkMixture } from "./spec.js";
