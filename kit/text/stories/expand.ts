import type { Draw } from "../draw.js";
import type { Row } from "./table.js";

/** A word list with the names of its columns; the first column needs no name. */
export type List = { readonly rows: readonly Row[]; readonly columns: readonly string[] };

/** What a story is told with. */
export type Vocabulary = {
  /** Words fixed before the story begins: names, pronouns and the season. */
  readonly fixed: ReadonlyMap<string, string>;
  readonly lists: { readonly [name: string]: List };
  readonly parts: { readonly [name: string]: readonly string[] };
  /** Lists and parts that go by another name in this story. */
  readonly aliases: ReadonlyMap<string, string>;
};

/**
 * A teller expands templates, see `Plot`, and remembers the words it has used.
 *
 * @param vocabulary words, lists and parts
 * @param draw source of chance
 * @returns a function from a template to its text
 */
export function teller(vocabulary: Vocabulary, draw: Draw): (template: string) => string {
  const bound = new Map<string, Row>();
  const used = new Map<string, Set<number>>();

  const fresh = (list: string): Row => {
    const rows = listOf(list).rows.filter((row) => happensIn(row, vocabulary.fixed.get("season")));
    const taken = used.get(list) ?? new Set();
    used.set(list, taken);
    if (taken.size === rows.length) taken.clear();
    let at = draw(rows.length);
    while (taken.has(at)) at = (at + 1) % rows.length;
    taken.add(at);
    return rows[at];
  };

  const listOf = (name: string): List => {
    const list = vocabulary.lists[vocabulary.aliases.get(name) ?? name];
    if (list === undefined) throw new Error(`a story asks for the unknown list ${name}`);
    return list;
  };

  const lookUp = (slot: string): string => {
    const fixed = vocabulary.fixed.get(slot);
    if (fixed !== undefined) return fixed;
    if (slot.startsWith("~")) return fresh(slot.slice(1))[0];
    const [key, column] = slot.split(".");
    const list = key.split("#")[0];
    const row = bound.get(key) ?? fresh(list);
    bound.set(key, row);
    const index = column === undefined ? 0 : listOf(list).columns.indexOf(column) + 1;
    const word = column !== undefined && index === 0 ? undefined : row[index];
    if (word === undefined) throw new Error(`a story asks for the unknown word ${slot}`);
    return word;
  };

  const fill = (slot: string): string => {
    if (slot.startsWith("@")) {
      const name = slot.slice(1);
      const part = vocabulary.parts[vocabulary.aliases.get(name) ?? name];
      if (part === undefined) throw new Error(`a story asks for the unknown part ${name}`);
      return expand(part[draw(part.length)]);
    }
    const lower = slot[0].toLowerCase() + slot.slice(1);
    const word = lookUp(lower);
    return lower === slot ? word : word[0].toUpperCase() + word.slice(1);
  };

  const expand = (template: string): string =>
    choose(template, draw).replace(/\{([^}]+)\}/g, (_, slot: string) => fill(slot));

  return (template) => tidy(expand(template));
}

/** Whether a row has no seasons of its own (a last cell such as `@spring @summer`), or this one among them. */
function happensIn(row: Row, season: string | undefined): boolean {
  const last = row[row.length - 1];
  return !last.startsWith("@") || last.split(" ").includes(`@${season}`);
}

/** Replaces every `[a|b]`, the innermost first, by one of its choices. */
function choose(template: string, draw: Draw): string {
  let text = template;
  for (;;) {
    const next = text.replace(/\[([^[\]]*)\]/, (_, body: string) => {
      const choices = body.split("|");
      return choices[draw(choices.length)];
    });
    if (next === text) return text;
    text = next;
  }
}

/** Chooses articles and removes the double spaces that empty choices leave. */
function tidy(text: string): string {
  return text
    .replace(/\b([Aa])\(n\) (?=(\S+))/g, (_, article: string, word: string) =>
      vowel(word) ? `${article}n ` : `${article} `,
    )
    .replace(/ {2,}/g, " ")
    .replace(/ +(?=\n|$)/g, "")
    .trim();
}

/** Whether a word begins with the sound of a vowel. */
function vowel(word: string): boolean {
  return /^(?:[aeio]|u(?!ku|ni|se)|hour|honest)/i.test(word) && !/^one/i.test(word);
}
