/**
 * What each adjacent pair of symbols becomes: `(left, right) → (rank, id)`.
 *
 * An open-addressing hash over typed arrays: a lookup allocates nothing, which is what makes merging a whole text fast.
 */
export class PairTable {
  private left: Int32Array;
  private right: Int32Array;
  private mask: number;
  private count = 0;
  /** Rank of the pair in a slot; lower merges first, pairs of equal rank merge from left to right. */
  rank: Int32Array;
  /** Symbol that the pair in a slot becomes. */
  id: Int32Array;

  constructor(expected = 16) {
    let capacity = 16;
    while (capacity < expected * 2) capacity *= 2;
    this.mask = capacity - 1;
    this.left = new Int32Array(capacity).fill(-1);
    this.right = new Int32Array(capacity);
    this.rank = new Int32Array(capacity);
    this.id = new Int32Array(capacity);
  }

  /** Number of pairs. */
  get size(): number {
    return this.count;
  }

  /** The slot of `(left, right)`, or -1; read `rank[slot]` and `id[slot]`. */
  find(left: number, right: number): number {
    let slot = hash(left, right) & this.mask;
    while (this.left[slot] !== -1) {
      if (this.left[slot] === left && this.right[slot] === right) return slot;
      slot = (slot + 1) & this.mask;
    }
    return -1;
  }

  /** Stores a pair; a pair stored twice keeps the last rank and id. */
  set(left: number, right: number, rank: number, id: number): void {
    if (this.count * 2 >= this.mask) this.grow();
    let slot = hash(left, right) & this.mask;
    while (this.left[slot] !== -1 && (this.left[slot] !== left || this.right[slot] !== right)) {
      slot = (slot + 1) & this.mask;
    }
    if (this.left[slot] === -1) this.count++;
    this.left[slot] = left;
    this.right[slot] = right;
    this.rank[slot] = rank;
    this.id[slot] = id;
  }

  private grow(): void {
    const bigger = new PairTable(this.mask + 1);
    for (let slot = 0; slot <= this.mask; slot++) {
      if (this.left[slot] !== -1) bigger.set(this.left[slot], this.right[slot], this.rank[slot], this.id[slot]);
    }
    this.left = bigger.left;
    this.right = bigger.right;
    this.rank = bigger.rank;
    this.id = bigger.id;
    this.mask = bigger.mask;
  }
}

function hash(left: number, right: number): number {
  const mixed = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
