import { isKintsugi } from "../../weights/kintsugi-config.js";
import type { Sources, TakenSlice } from "./checks.js";
import type { MergeConfig } from "./config.js";
import { vocabOfConfig } from "./mergedConfig.js";
import type { Mistakes } from "./mistakes.js";
import type { MergeSource } from "./source.js";
import { movedTokens, rowsFor, vocabularyOf } from "./vocabulary.js";

/** Whose tokenizer a merge gets, and the rows its embedding keeps where the configuration asks for that tokenizer. */
export type ChosenTokenizer = {
  readonly source: MergeSource;
  readonly rows?: number;
  readonly notes: readonly string[];
};

type Context = {
  readonly slices: readonly TakenSlice[];
  readonly sources: Sources;
  readonly donor: MergeSource;
};

/**
 * Chooses the tokenizer: that of `tokenizer_source`, or that of the model whose config is kept.
 *
 * The models that give embedding and head must have the same ids for its tokens. Asked for by `tokenizer_source`, as in
 * mergekit, the embedding keeps as many rows as it has tokens.
 *
 * @param mistakes receives a `tokenizer_source` without tokenizer, or with another vocabulary
 */
export async function chooseTokenizer(
  { tokenizer: asked }: MergeConfig,
  { slices, sources, donor }: Context,
  mistakes: Mistakes,
): Promise<ChosenTokenizer> {
  const source = asked === undefined || asked.name === "base" ? donor : sources.get(asked.name);
  // What could not be opened has been told.
  if (source === undefined) return { source: donor, notes: [] };
  const others = new Set([slices[0].source, slices[slices.length - 1].source].filter((other) => other !== source));
  if (asked === undefined && others.size === 0) return { source, notes: [] };
  const vocabulary = await vocabularyOf(source);
  if (vocabulary === undefined) {
    if (asked !== undefined)
      mistakes.add(asked.place, `${source.name} has no tokenizer whose tokens are known`, {
        expected: "a tokenizer.json, a tokenizer.model with all its tokens, or a GGUF file with a vocabulary",
      });
    return { source, notes: [] };
  }
  const notes: string[] = [];
  const vocab = vocabOfConfig(donor.config) ?? vocabulary.size;
  for (const other of others) {
    const theirs = await vocabularyOf(other);
    const moved = theirs === undefined ? 0 : movedTokens(vocabulary, theirs, vocab);
    if (moved === 0) continue;
    const what = `${moved} tokens of ${source.name} have another id in ${other.name}, or none`;
    if (asked === undefined) notes.push(`${what}: its rows are copied as they are`);
    else mistakes.add(asked.place, what, { expected: "one vocabulary: rows of the embedding are copied as they are" });
  }
  const rows = asked === undefined || isKintsugi(donor.config) ? undefined : rowsFor(vocabulary, vocab);
  return { source, rows, notes };
}
