import { UserError } from "../errors.js";
import type { PairTable } from "./pairs.js";

/** Below this many symbols a plain scan beats the heap. */
const SHORT = 32;
/** A heap key is `rank · POSITIONS + position`, exact in a double. */
const POSITIONS = 2 ** 26;

/**
 * Merges pairs in place, lowest rank first and leftmost among equals, until no pair of the table is left.
 *
 * Fast form, O(n log n): a heap of candidates over a linked list; a candidate whose pair has changed since is dropped.
 * {@link mergeByScanning} is the reference, O(n²), and is used for short words, where it is faster.
 *
 * @param symbols symbols to merge; the first `count` are read, the result is written to the front
 * @param count number of symbols
 * @param table what each pair becomes
 * @returns number of symbols left
 * @throws UserError for more than 67 million symbols in one piece
 */
export function merge(symbols: Int32Array, count: number, table: PairTable): number {
  if (count <= SHORT) return mergeByScanning(symbols, count, table);
  if (count >= POSITIONS) {
    throw new UserError(`a piece of ${count} symbols is too long to encode`, { fix: "Encode document by document" });
  }
  const next = new Int32Array(count);
  const previous = new Int32Array(count);
  const heap = new Heap(count);
  for (let i = 0; i < count; i++) {
    next[i] = i + 1 < count ? i + 1 : -1;
    previous[i] = i - 1;
  }
  for (let i = 0; i + 1 < count; i++) {
    const slot = table.find(symbols[i], symbols[i + 1]);
    if (slot >= 0) heap.push(table.rank[slot] * POSITIONS + i);
  }
  while (heap.size > 0) {
    const key = heap.pop();
    const at = key % POSITIONS;
    const right = next[at];
    // `next[at] === at` marks a symbol that was swallowed by its left neighbour.
    if (right === -1 || right === at) continue;
    const slot = table.find(symbols[at], symbols[right]);
    if (slot < 0 || table.rank[slot] * POSITIONS + at !== key) continue;
    symbols[at] = table.id[slot];
    const after = next[right];
    next[right] = right;
    next[at] = after;
    if (after !== -1) {
      previous[after] = at;
      const candidate = table.find(symbols[at], symbols[after]);
      if (candidate >= 0) heap.push(table.rank[candidate] * POSITIONS + at);
    }
    const before = previous[at];
    if (before !== -1) {
      const candidate = table.find(symbols[before], symbols[at]);
      if (candidate >= 0) heap.push(table.rank[candidate] * POSITIONS + before);
    }
  }
  let kept = 0;
  for (let i = 0; i !== -1; i = next[i]) symbols[kept++] = symbols[i];
  return kept;
}

/**
 * The reference form of {@link merge}: looks for the best pair again after every merge.
 *
 * @param symbols symbols to merge, in place
 * @param count number of symbols
 * @param table what each pair becomes
 * @returns number of symbols left
 */
export function mergeByScanning(symbols: Int32Array, count: number, table: PairTable): number {
  let left = count;
  while (left > 1) {
    let best = -1;
    let bestSlot = -1;
    for (let i = 0; i + 1 < left; i++) {
      const slot = table.find(symbols[i], symbols[i + 1]);
      if (slot >= 0 && (best < 0 || table.rank[slot] < table.rank[bestSlot])) [best, bestSlot] = [i, slot];
    }
    if (best < 0) break;
    symbols[best] = table.id[bestSlot];
    symbols.copyWithin(best + 1, best + 2, left);
    left--;
  }
  return left;
}

/** A binary min-heap of doubles. */
class Heap {
  private keys: Float64Array;
  size = 0;

  constructor(capacity: number) {
    this.keys = new Float64Array(Math.max(16, capacity));
  }

  push(key: number): void {
    if (this.size === this.keys.length) {
      const bigger = new Float64Array(this.size * 2);
      bigger.set(this.keys);
      this.keys = bigger;
    }
    const keys = this.keys;
    let i = this.size++;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (keys[parent] <= key) break;
      keys[i] = keys[parent];
      i = parent;
    }
    keys[i] = key;
  }

  pop(): number {
    const keys = this.keys;
    const top = keys[0];
    const key = keys[--this.size];
    const size = this.size;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= size) break;
      if (child + 1 < size && keys[child + 1] < keys[child]) child++;
      if (keys[child] >= key) break;
      keys[i] = keys[child];
      i = child;
    }
    keys[i] = key;
    return top;
  }
}
