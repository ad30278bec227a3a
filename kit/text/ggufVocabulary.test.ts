import { expect, test } from "vitest";
import { ggufVocabularyOfPieces } from "./ggufVocabulary.js";
import { type PieceVocabulary, pieceTokenizer, TokenType } from "./sentencepiece.js";
import { sentencePieceFile } from "./sentencepieceFile.js";

const { normal, unknown, control, userDefined, unused } = TokenType;

const pieces: PieceVocabulary = {
  tokens: ["<unk>", "<s>", "</s>", "a", "b"],
  scores: [0, 0, 0, -1, -2],
  types: [unknown, control, control, normal, normal],
  special: { unk: 0, bos: 1, eos: 2 },
  dummyPrefix: true,
  collapseSpaces: false,
  unkSurface: "?",
  before: [1],
  after: [],
};

test("tokens added behind the pieces stay; only rows that nobody knows are unused", () => {
  const tokenizer = pieceTokenizer({
    ...pieces,
    tokens: [...pieces.tokens, "<|user|>", "", "<tool>"],
    scores: [...Array.from(pieces.scores), 0, 0, 0],
    types: [...Array.from(pieces.types), control, normal, userDefined],
  });
  const { tokens, scores, types } = ggufVocabularyOfPieces(sentencePieceFile(pieces), tokenizer, 9);
  expect(tokens).toEqual([...pieces.tokens, "<|user|>", "[PAD6]", "<tool>", "[PAD8]"]);
  expect(types).toEqual([...Array.from(pieces.types), control, unused, userDefined, unused]);
  expect(scores).toEqual([...Array.from(pieces.scores), -1000, 0, -1000, 0]);
});
