/** GPT-2's most frequent tokens under ids of their own: how the teeny-s models spell their text. */
import { UserError } from "../errors.js";
import { addedFinder, marker } from "./added.js";
import { gpt2Tokenizer } from "./gpt2.js";
import { makeTokenizer, type Tokenizer } from "./tokenizer.js";

/** A value that can be written as JSON and read by {@link tokenizerFromFrequent}. */
export type FrequentTokensJson = {
  readonly kind: "gpt2-frequent";
  /** GPT-2's ids in the order of their new ones, which begin behind the markers. */
  readonly ids: readonly number[];
};

/** The markers, by id. The end of a text is spelt as in GPT-2. */
const MARKERS = ["<|pad|>", "<|unknown|>", "<|begin|>", "<|endoftext|>"] as const;
const UNKNOWN = 1;

/**
 * Counts GPT-2's tokens in texts and keeps the most frequent; of equally frequent ones that which occurs first.
 *
 * @param texts what to count in, read once
 * @param vocab number of tokens in all: 4 markers and those kept, fewer where the texts have no more
 * @returns the choice, ready for `JSON.stringify` and for {@link tokenizerFromFrequent}
 * @throws UserError when the vocabulary has no room for a token, or is larger than GPT-2's
 * @source the teeny-s training script: padding 0, unknown 1, beginning 2, end 3, then 9,996 tokens of 50,000 stories
 */
export function frequentTokens(texts: Iterable<string>, vocab: number): FrequentTokensJson {
  const gpt2 = gpt2Tokenizer();
  const most = gpt2.vocab - 1 + MARKERS.length;
  if (!Number.isInteger(vocab) || vocab <= MARKERS.length || vocab > most) {
    throw new UserError(`the vocabulary size is ${vocab}`, {
      where: "frequentTokens",
      expected: `an integer from ${MARKERS.length + 1} to ${most}`,
    });
  }
  const counts = new Map<number, number>();
  for (const text of texts) {
    for (const id of gpt2.encode(text, { parseSpecial: false })) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  // A map keeps the order in which its keys came, and sorting keeps the order of equals.
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return { kind: "gpt2-frequent", ids: sorted.slice(0, vocab - MARKERS.length).map(([id]) => id) };
}

/**
 * A tokenizer from a choice of GPT-2's tokens. Every token stands for GPT-2's bytes; one that was not chosen becomes the
 * unknown id, whose text is lost: see {@link unknownTokens}.
 *
 * @param json what {@link frequentTokens} made
 * @throws UserError when it is damaged
 */
export function tokenizerFromFrequent({ ids }: FrequentTokensJson): Tokenizer {
  const gpt2 = gpt2Tokenizer();
  const mapped = new Int32Array(gpt2.vocab).fill(UNKNOWN);
  for (const [i, id] of ids.entries()) {
    if (!Number.isInteger(id) || id < 0 || id >= gpt2.vocab - 1 || mapped[id] !== UNKNOWN) {
      throw new UserError(`the choice of GPT-2's tokens is damaged at ${i}`, {
        where: "tokenizerFromFrequent",
        expected: `ids from 0 to ${gpt2.vocab - 2}, each once`,
      });
    }
    mapped[id] = MARKERS.length + i;
  }
  const find = addedFinder(MARKERS.map(marker));
  return makeTokenizer({
    kind: "byte-level-bpe",
    tokens: [...MARKERS, ...ids.map((id) => gpt2.tokenOf(id))],
    bytes: (token, id) =>
      id < MARKERS.length ? new TextEncoder().encode(token) : gpt2.bytes(ids[id - MARKERS.length]),
    special: { pad: 0, unk: UNKNOWN, bos: 2, eos: 3 },
    markers: new Set(MARKERS.keys()),
    leading: 0,
    before: [],
    after: [],
    encode(text, parseSpecial, out) {
      for (const section of find(text, parseSpecial)) {
        if ("id" in section) out.push(section.id);
        else for (const id of gpt2.encode(section.text, { parseSpecial: false })) out.push(mapped[id]);
      }
    },
  });
}
