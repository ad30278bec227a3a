import { describe, expect, it } from "vitest";
import { dumps } from "./json.js";
import { literal } from "./literal.js";
import { PythonRandom } from "./random.js";
import { findAll, pythonRegex, substitute } from "./regex.js";
import { capitalize, countCharacters, countWords, floatText, PythonFloat, repr, strip } from "./text.js";

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

// Expected values are what CPython 3.11.7 answers.
describe("PythonRandom", () => {
  it("gives the numbers of random.Random", () => {
    const random = new PythonRandom(42);
    expect([random.random(), random.random(), random.random()]).toEqual([
      0.6394267984578837, 0.025010755222666936, 0.27502931836911926,
    ]);
  });

  it("seeds with all bits, and shuffles", () => {
    const random = new PythonRandom(2 ** 40 + 5);
    const items = range(10);
    random.shuffle(items);
    expect(items).toEqual([1, 2, 3, 6, 7, 0, 5, 4, 9, 8]);
    expect(random.random()).toBe(0.7965159328009259);
  });

  it("samples from few and from many", () => {
    const random = new PythonRandom(1234);
    expect(random.sample(range(1000), 5)).toEqual([989, 796, 451, 119, 7]);
    expect(random.sample(range(30), 6)).toEqual([2, 25, 18, 1, 21, 22]);
    expect(random.sample(range(20), 6)).toEqual([2, 3, 11, 7, 0, 15]);
    expect(random.sample(range(100), 21)).toEqual([
      2, 44, 82, 79, 61, 78, 59, 19, 11, 23, 91, 14, 1, 64, 62, 31, 8, 85, 69, 76, 86,
    ]);
  });
});

describe("text", () => {
  it("prints floats as Python", () => {
    const values = [1e16, 1e15, 123456789012345680, 1e-4, 0.00012, 1e-5, 1.5e-7, -0.0001234, 1e22, 5e-324, 0.1, 100];
    expect(values.map(floatText)).toEqual(
      "1e+16 1000000000000000.0 1.2345678901234568e+17 0.0001 0.00012 1e-05 1.5e-07 -0.0001234 1e+22 5e-324 0.1 100.0".split(
        " ",
      ),
    );
  });

  it("quotes strings as Python", () => {
    const values = ["it's", 'say "x"', "both ' \"", "a\\b\n\té\u200b\u2028😀\x07\xa0"];
    expect(repr(values)).toBe(`["it's", 'say "x"', 'both \\' "', 'a\\\\b\\n\\té\\u200b\\u2028😀\\x07\\xa0']`);
    expect(repr({ a: null, b: [true, 2, new PythonFloat(2)] })).toBe("{'a': None, 'b': [True, 2, 2.0]}");
  });

  it("knows Python's white space and characters", () => {
    expect(strip("\x1c\u3000 a\ufeff\x85")).toBe("a\ufeff");
    expect(countWords(" one  two\n\x1cthree ")).toBe(5);
    expect(countCharacters("a😀é")).toBe(3);
    expect(capitalize("éCOLE Ab")).toBe("École ab");
  });
});

describe("dumps", () => {
  const value = { a: [1, new PythonFloat(2), "é😀\x7f\u2028\x01/"], b: {}, c: [], d: undefined };

  it("escapes what is not ASCII", () => {
    expect(dumps(value)).toBe('{"a": [1, 2.0, "\\u00e9\\ud83d\\ude00\\u007f\\u2028\\u0001/"], "b": {}, "c": []}');
  });

  it("indents", () => {
    expect(dumps({ a: [1, { b: null }], c: [], t: "é" }, { indent: 2, ascii: false })).toBe(
      '{\n  "a": [\n    1,\n    {\n      "b": null\n    }\n  ],\n  "c": [],\n  "t": "é"\n}',
    );
  });
});

describe("literal", () => {
  it.each(["[]", "['a', \"it's\", 'b\\'\"\\\\\\n', 3, -2.5, True, None]", "{'a': [1, 2], 'b': {}}", "'x'"])(
    "is the inverse of repr: %s",
    (text) => expect(repr(literal(text))).toBe(text),
  );

  it("reads tuples, joined strings, escapes and a last comma", () => {
    expect(literal("(1, 2,)")).toEqual([1, 2]);
    expect(literal("(1)")).toBe(1);
    expect(literal("(1,)")).toEqual([1]);
    expect(literal("'a' \"b\"")).toBe("ab");
    expect(literal("'\\x41\\u00e9\\U0001f600\\q'")).toBe("Aé😀\\q");
    expect(literal("[1, 2, ]")).toEqual([1, 2]);
  });

  it.each(["", "[1", "a", "['a' b]", "[1] x", "'a\nb'", "{1}"])("refuses %j", (text) =>
    expect(literal(text)).toBeUndefined(),
  );
});

describe("pythonRegex", () => {
  it("finds as findall does", () => {
    expect(findAll(pythonRegex("#### (\\-?[0-9\\.\\,]+)"), "#### -1,2 x #### 3")).toEqual(["-1,2", "3"]);
    expect(findAll(pythonRegex("(?i)(?P<a>b)(c)?"), "BC b")).toEqual([
      ["B", "C"],
      ["b", ""],
    ]);
    expect(findAll(pythonRegex("\\A[\\s\\d]+\\Z"), "\x1c12")).toEqual(["\x1c12"]);
  });

  it("ends where Python does: before a last line feed too", () => {
    const places = (pattern: string, text: string) =>
      Array.from(text.matchAll(pythonRegex(pattern)), ({ index }) => index);
    expect(places("$", "a\n")).toEqual([1, 2]);
    expect(places("a$", "a\na\n")).toEqual([2]);
    expect(places("a$", "a\n\n")).toEqual([]);
    expect(places("(?m)a$", "a\na\n")).toEqual([0, 2]);
    expect(places("a\\Z", "a\n")).toEqual([]);
    expect(findAll(pythonRegex("[$]\\d|\\$|[\\]$]"), "$1 $ ]")).toEqual(["$1", "$", "]"]);
  });

  it("substitutes groups", () => expect(substitute(pythonRegex("(a)(b)"), "\\2$\\1\\g<0>", "ab")).toBe("b$aab"));

  it("refuses what is no pattern", () => expect(() => pythonRegex("(")).toThrow(/the pattern "\(" cannot be used/));
});
