/** What merges are learnt from. */
export type MergeTask = {
  /** How often each word occurs; a word is a string of one-character tokens. */
  readonly words: ReadonlyMap<string, number>;
  /** The tokens to begin with. */
  readonly tokens: readonly string[];
  /** Number of tokens to end with. */
  readonly vocab: number;
  readonly minFrequency: number;
};

/** A pair `(left, right)` as one number, so that numeric order is the order of pairs; ids stay below 2²¹. */
const PAIR = 2 ** 21;

/** A pair to merge, how often it occurred when it was queued, and the words it occurs in. */
type Candidate = { pair: number; count: number; readonly words: readonly number[] };

/**
 * Learns merges, most frequent pair first, ties to the smaller pair.
 *
 * Counts are kept up to date from the words that change, and a queued candidate is counted again when it comes to the
 * front. A candidate merges the words it was queued with: a string that can be built in two ways is handled exactly as
 * in Hugging Face's trainer, including the merge that then adds no new token.
 *
 * @param task words with counts, first tokens, size
 * @returns all tokens in the order of their ids, and the merged pairs of ids in the order of their rank
 */
export function learnMerges(task: MergeTask): { tokens: string[]; merges: (readonly [number, number])[] } {
  const tokens = [...task.tokens];
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const words = Array.from(task.words.keys(), (word) => Array.from(word, (character) => ids.get(character) as number));
  const counts = Array.from(task.words.values());

  const pairCounts = new Map<number, number>();
  let occurrences = new Map<number, number[]>();
  const change = (pair: number, by: number, word: number): void => {
    pairCounts.set(pair, (pairCounts.get(pair) ?? 0) + by * counts[word]);
    if (by < 0) return;
    const list = occurrences.get(pair);
    // Words are visited one after another, so that looking at the last one is enough.
    if (list === undefined) occurrences.set(pair, [word]);
    else if (list[list.length - 1] !== word) list.push(word);
  };
  words.forEach((symbols, word) => {
    for (let i = 0; i + 1 < symbols.length; i++) change(symbols[i] * PAIR + symbols[i + 1], 1, word);
  });

  const queue = new Queue();
  const enqueue = (): void => {
    for (const [pair, list] of occurrences) {
      const count = pairCounts.get(pair) as number;
      if (count > 0) queue.push({ pair, count, words: list });
    }
    occurrences = new Map();
  };
  enqueue();

  // A pair that is merged twice keeps its later rank: deleting it first moves it to the end.
  const merges = new Set<number>();
  while (tokens.length < task.vocab && queue.size > 0) {
    const top = queue.pop();
    const current = pairCounts.get(top.pair) as number;
    if (top.count !== current) {
      top.count = current;
      if (current > 0) queue.push(top);
      continue;
    }
    if (task.minFrequency > top.count) break;
    const left = Math.floor(top.pair / PAIR);
    const right = top.pair % PAIR;
    const token = tokens[left] + tokens[right];
    let id = ids.get(token);
    if (id === undefined) {
      id = tokens.push(token) - 1;
      ids.set(token, id);
    }
    merges.delete(top.pair);
    merges.add(top.pair);
    for (const word of top.words) mergeWord(words[word], left, right, id, (pair, by) => change(pair, by, word));
    enqueue();
  }
  return { tokens, merges: Array.from(merges, (pair) => [Math.floor(pair / PAIR), pair % PAIR] as const) };
}

/** Merges a pair in one word and reports which pairs come and go; the merged pair itself is not reported. */
function mergeWord(
  symbols: number[],
  left: number,
  right: number,
  id: number,
  change: (pair: number, by: number) => void,
): void {
  let kept = 0;
  for (let i = 0; i < symbols.length; i++) {
    if (symbols[i] !== left || i + 1 >= symbols.length || symbols[i + 1] !== right) {
      symbols[kept++] = symbols[i];
      continue;
    }
    if (kept > 0) {
      change(symbols[kept - 1] * PAIR + left, -1);
      change(symbols[kept - 1] * PAIR + id, 1);
    }
    if (i + 2 < symbols.length) {
      change(right * PAIR + symbols[i + 2], -1);
      change(id * PAIR + symbols[i + 2], 1);
    }
    symbols[kept++] = id;
    i++;
  }
  symbols.length = kept;
}

/** A heap with the most frequent candidate in front, and the smallest pair among equals. */
class Queue {
  private readonly items: Candidate[] = [];

  get size(): number {
    return this.items.length;
  }

  push(item: Candidate): void {
    const items = this.items;
    let i = items.push(item) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (before(items[parent], item)) break;
      items[i] = items[parent];
      i = parent;
    }
    items[i] = item;
  }

  pop(): Candidate {
    const items = this.items;
    const top = items[0];
    const item = items.pop() as Candidate;
    if (items.length === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && before(items[child + 1], items[child])) child++;
      if (!before(items[child], item)) break;
      items[i] = items[child];
      i = child;
    }
    items[i] = item;
    return top;
  }
}

function before(a: Candidate, b: Candidate): boolean {
  return a.count !== b.count ? a.count > b.count : a.pair < b.pair;
}
