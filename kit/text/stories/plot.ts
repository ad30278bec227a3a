/**
 * A plot: paragraphs of beats, each beat told in one of several ways.
 *
 * `{slot}` is a word that stays the same through the story, `{slot.column}` what belongs to it, `{slot#2}` a second,
 * different word of the list; `{~list}` draws anew, `{@part}` inserts a shared part, `[a|b]` chooses, `a(n)` becomes the
 * right article, and a slot with a capital letter begins a sentence.
 */
export type Plot = {
  readonly name: string;
  /** Who can lead it: children, animals, or both. */
  readonly cast: "child" | "paw" | "any";
  /** When it can happen; in every season if not said. */
  readonly seasons?: readonly string[];
  readonly paragraphs: readonly (readonly Beat[])[];
};

/** The ways to tell one step of a story. */
export type Beat = readonly string[];
