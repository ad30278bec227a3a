/** Python's generator of random numbers: the harness draws its examples and its resamples with it. */

const WORDS = 624;
const SHIFT = 397;

/**
 * `random.Random(seed)`: MT19937 with the methods the harness uses, number for number.
 *
 * A class, because each draw moves the state on.
 *
 * @source M. Matsumoto and T. Nishimura, Mersenne Twister (1998); CPython 3.11, `Lib/random.py`, `_randommodule.c`
 */
export class PythonRandom {
  private readonly state = new Uint32Array(WORDS);
  private at = WORDS;

  /** @param seed a whole number from 0 */
  constructor(seed: number) {
    const key = [seed >>> 0];
    for (let rest = Math.floor(seed / 2 ** 32); rest > 0; rest = Math.floor(rest / 2 ** 32)) key.push(rest >>> 0);
    this.start(key);
  }

  /** `random()`: from 0 up to, not including, 1, in steps of 2⁻⁵³. */
  random(): number {
    const high = this.next() >>> 5;
    const low = this.next() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /** `shuffle(items)`, in place. */
  shuffle<T>(items: T[]): void {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [items[i], items[j]] = [items[j], items[i]];
    }
  }

  /** `sample(items, count)`: without replacement. Python draws from few in another way than from many. */
  sample<T>(items: readonly T[], count: number): T[] {
    const n = items.length;
    if (count > n) throw new RangeError(`cannot draw ${count} of ${n}`);
    // Three times a count is no power of 4, so that rounding cannot decide here.
    const few = n <= 21 + (count > 5 ? 4 ** Math.ceil(Math.log(count * 3) / Math.log(4)) : 0);
    if (few) {
      const pool = [...items];
      return Array.from({ length: count }, (_, i) => {
        const j = this.below(n - i);
        const drawn = pool[j];
        pool[j] = pool[n - i - 1];
        return drawn;
      });
    }
    const taken = new Set<number>();
    return Array.from({ length: count }, () => {
      let j = this.below(n);
      while (taken.has(j)) j = this.below(n);
      taken.add(j);
      return items[j];
    });
  }

  /** A whole number from 0 up to, not including, `n`. */
  private below(n: number): number {
    const bits = 32 - Math.clz32(n);
    for (;;) {
      const drawn = this.next() >>> (32 - bits);
      if (drawn < n) return drawn;
    }
  }

  private next(): number {
    if (this.at === WORDS) this.turn();
    let y = this.state[this.at++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  private turn(): void {
    const { state } = this;
    for (let i = 0; i < WORDS; i++) {
      const following = i + 1 === WORDS ? 0 : i + 1;
      const ahead = i + SHIFT < WORDS ? i + SHIFT : i + SHIFT - WORDS;
      const y = (state[i] & 0x80000000) | (state[following] & 0x7fffffff);
      state[i] = state[ahead] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.at = 0;
  }

  private start(key: readonly number[]): void {
    const { state } = this;
    state[0] = 19650218;
    for (let i = 1; i < WORDS; i++) state[i] = Math.imul(1812433253, mixed(state[i - 1])) + i;
    let [i, j] = [1, 0];
    const step = (change: () => number): void => {
      state[i] = change();
      if (++i < WORDS) return;
      state[0] = state[WORDS - 1];
      i = 1;
    };
    for (let left = Math.max(WORDS, key.length); left > 0; left--) {
      step(() => (state[i] ^ Math.imul(mixed(state[i - 1]), 1664525)) + key[j] + j);
      j = (j + 1) % key.length;
    }
    for (let left = WORDS - 1; left > 0; left--)
      step(() => (state[i] ^ Math.imul(mixed(state[i - 1]), 1566083941)) - i);
    state[0] = 0x80000000;
  }
}

function mixed(word: number): number {
  return word ^ (word >>> 30);
}
