/** Finding the texts of a manifest among others. */
import { keyOf, type Manifest } from "./manifest.js";

/**
 * The forms one story has in different files: as it stands; without white space at its ends; its paragraphs one line apart
 * or two. The published versions of TinyStories differ in these. A form counts only when its hash is that of the manifest,
 * so that what is found is exact to the byte, whichever form it came from.
 */
const forms: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => lines(text).trim(),
  (text) => lines(text).trim().replace(/\n+/g, "\n"),
  (text) => lines(text).trim().replace(/\n+/g, "\n\n"),
];

function lines(text: string): string {
  return text.includes("\r") ? text.replaceAll("\r\n", "\n") : text;
}

/** A text that was not found: its number in the corpus, from 0, and the key it is looked for by. */
export type MissingText = { readonly text: number; readonly key: string };

/** Collects the texts of a manifest from whatever it is offered. */
export class Search {
  private readonly places: ReadonlyMap<string, number>;
  private readonly texts: (string | undefined)[];
  /** Texts still missing. */
  left: number;

  constructor(private readonly manifest: Manifest) {
    this.places = new Map(manifest.keys.map((key, place) => [key, place]));
    this.texts = new Array<string | undefined>(manifest.keys.length).fill(undefined);
    this.left = manifest.keys.length;
  }

  /** Takes a text, in each of its forms that is missing. */
  offer(text: string): void {
    for (const candidate of new Set(forms.map((form) => form(text)))) {
      const place = this.places.get(keyOf(candidate));
      if (place === undefined || this.texts[place] !== undefined) continue;
      this.texts[place] = candidate;
      this.left--;
    }
  }

  /** The texts found so far, in the order of the manifest. */
  get found(): string[] {
    return this.texts.filter((text) => text !== undefined);
  }

  get missing(): MissingText[] {
    return this.manifest.keys.map((key, text) => ({ text, key })).filter(({ text }) => this.texts[text] === undefined);
  }
}
