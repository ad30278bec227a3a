import { expect, test } from "vitest";
import { ggufVocabularyOfPieces } from "./ggufVocabulary.js";
import { pieceTokenizer, TokenType } from "./sentencepiece.js";
import { sentencePieceFile } from "./sentencepieceFile.js";
import { pieceVocabulary } from "./testing/tokenizers.js";

const { normal, control, userDefined, unused } = TokenType;

const pieces = pieceVocabulary(["a", "b"]);

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
