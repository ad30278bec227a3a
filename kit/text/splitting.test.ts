import { describe, expect, it } from "vitest";
import { addedFinder } from "./added.js";
import { splitting } from "./splitting.js";

const TEXT = " Hi, you're 12 and ½  x--y\n\n_z_ ends. ";
const by = (behavior: string, invert: boolean): object => ({
  type: "Split",
  pattern: { Regex: "[\\s,-]" },
  behavior,
  invert,
});

// Golden: pre_tokenize_str of Python tokenizers 0.23.3.
const GOLDEN: readonly (readonly [string, object, readonly string[]])[] = [
  [
    "Isolated",
    by("Isolated", false),
    [
      " ",
      "Hi",
      ",",
      " ",
      "you're",
      " ",
      "12",
      " ",
      "and",
      " ",
      "½",
      " ",
      " ",
      "x",
      "-",
      "-",
      "y",
      "\n",
      "\n",
      "_z_",
      " ",
      "ends.",
      " ",
    ],
  ],
  ["Removed", by("Removed", false), ["Hi", "you're", "12", "and", "½", "x", "y", "_z_", "ends."]],
  ["Removed, inverted", by("Removed", true), [" ", ",", " ", " ", " ", " ", " ", " ", "-", "-", "\n", "\n", " ", " "]],
  [
    "Contiguous",
    by("Contiguous", false),
    [
      " ",
      "Hi",
      ", ",
      "you're",
      " ",
      "12",
      " ",
      "and",
      " ",
      "½",
      "  ",
      "x",
      "--",
      "y",
      "\n\n",
      "_z_",
      " ",
      "ends.",
      " ",
    ],
  ],
  [
    "MergedWithPrevious",
    by("MergedWithPrevious", false),
    [" ", "Hi,", " ", "you're ", "12 ", "and ", "½ ", " ", "x-", "-", "y\n", "\n", "_z_ ", "ends. "],
  ],
  [
    "MergedWithNext",
    by("MergedWithNext", false),
    [" Hi", ",", " you're", " 12", " and", " ½", " ", " x", "-", "-y", "\n", "\n_z_", " ends.", " "],
  ],
  [
    "MergedWithNext, inverted",
    by("MergedWithNext", true),
    [" ", "Hi,", " ", "you're ", "12 ", "and ", "½ ", " ", "x-", "-", "y\n", "\n", "_z_ ", "ends. "],
  ],
  [
    "Digits",
    { type: "Digits", individual_digits: false },
    [" Hi, you're ", "12", " and ", "½", "  x--y\n\n_z_ ends. "],
  ],
  [
    "single Digits",
    { type: "Digits", individual_digits: true },
    [" Hi, you're ", "1", "2", " and ", "½", "  x--y\n\n_z_ ends. "],
  ],
  [
    "Whitespace",
    { type: "Whitespace" },
    ["Hi", ",", "you", "'", "re", "12", "and", "½", "x", "--", "y", "_z_", "ends", "."],
  ],
  ["WhitespaceSplit", { type: "WhitespaceSplit" }, ["Hi,", "you're", "12", "and", "½", "x--y", "_z_", "ends."]],
  [
    "Punctuation",
    { type: "Punctuation" },
    [" Hi", ",", " you", "'", "re 12 and ½  x", "-", "-", "y\n\n", "_", "z", "_", " ends", ".", " "],
  ],
  ["Metaspace", { type: "Metaspace" }, ["▁Hi,", "▁you're", "▁12", "▁and", "▁½", "▁", "▁x--y\n\n_z_", "▁ends.", "▁"]],
  ["whole Metaspace", { type: "Metaspace", split: false }, ["▁Hi,▁you're▁12▁and▁½▁▁x--y\n\n_z_▁ends.▁"]],
  // ByteLevel spells in its alphabet only when it encodes; these are the pieces it cuts.
  [
    "ByteLevel",
    { type: "ByteLevel", add_prefix_space: false },
    [
      " Hi",
      ",",
      " you",
      "'re",
      " 12",
      " and",
      " ½",
      " ",
      " x",
      "--",
      "y",
      "\n",
      "\n",
      "_",
      "z",
      "_",
      " ends",
      ".",
      " ",
    ],
  ],
];

describe("splitting", () => {
  it.each(GOLDEN)("%s cuts as the reference does", (_, config, pieces) => {
    expect(splitting(config).split(TEXT, true)).toEqual(pieces);
  });

  it("puts a space in front once, and only where the scheme says", () => {
    const first = splitting({ type: "Metaspace", prepend_scheme: "first" });
    expect(first.split("a b", true)).toEqual(["▁a", "▁b"]);
    expect(first.split("a b", false)).toEqual(["a", "▁b"]);
    expect(splitting({ type: "ByteLevel", add_prefix_space: true }).split("a", true)).toEqual([" a"]);
  });

  it("names what it does not know", () => {
    expect(() => splitting({ type: "Split", pattern: { Regex: "(" }, behavior: "Isolated" })).toThrow(
      /pattern \( cannot/,
    );
    expect(() => splitting({ type: "Split", pattern: { String: "a" }, behavior: "Sideways" })).toThrow(/Sideways/);
    expect(() => splitting({ type: "BertPreTokenizer" })).toThrow(/BertPreTokenizer is not supported/);
    expect(() => splitting(7)).toThrow(/expected an object/);
  });
});

describe("added tokens", () => {
  const token = { special: true, normalized: false, singleWord: false, lstrip: false, rstrip: false };

  it("are found leftmost and longest", () => {
    const find = addedFinder([
      { ...token, id: 1, content: "<a>" },
      { ...token, id: 2, content: "<a><b>" },
    ]);
    expect(find("x<a><b><a>", true)).toEqual([
      { text: "x", at: 0 },
      { id: 2, at: 1 },
      { id: 1, at: 7 },
    ]);
    expect(find("x<a>", false)).toEqual([{ text: "x<a>", at: 0 }]);
  });

  it("take white space along, or stand alone, as they say", () => {
    const find = addedFinder([
      { ...token, id: 1, content: "[M]", lstrip: true, rstrip: true },
      { ...token, id: 2, content: "and", special: false, singleWord: true },
    ]);
    expect(find("a  [M] \n b", true)).toEqual([
      { text: "a", at: 0 },
      { id: 1, at: 1 },
      { text: "b", at: 9 },
    ]);
    expect(find("sand and", true)).toEqual([
      { text: "sand ", at: 0 },
      { id: 2, at: 5 },
    ]);
  });
});
