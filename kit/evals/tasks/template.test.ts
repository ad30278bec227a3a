import { describe, expect, it } from "vitest";
import { literal } from "../python/literal.js";
import { render } from "./template.js";

const doc = {
  text: "In my palm is a clear stone",
  choices: { text: ["it's", 'a "b"', "c\nd"], label: ["A", "B", "C"] },
  answerKey: " B",
  flag: true,
  nothing: null,
  n: 3,
};

// Expected values are what Jinja2 3.1.6 prints with StrictUndefined and keep_trailing_newline.
describe("render", () => {
  it.each([
    ["Question: {{text}}\nAnswer:", "Question: In my palm is a clear stone\nAnswer:"],
    ["{{choices.label.index(answerKey.lstrip())}}", "1"],
    ["{{text.split(' ')[:-1]|join(' ')}}", "In my palm is a clear"],
    ["{{' '+text.split(' ')[-1]}}", " stone"],
    ["{{choices.text}}", `["it's", 'a "b"', 'c\\nd']`],
    ["{{flag}} {{nothing}} {{n}} {{n / 2}} {{choices['label'][0]}}", "True None 3 1.5 A"],
    ["{% for c in choices.label %}{{loop.index}}. {{c}}\n{% endfor %}", "1. A\n2. B\n3. C\n"],
    ["{% if missing is defined %}a{% else %}b{% endif %}\n", "b\n"],
    ["{{missing|default('x')}}", "x"],
    ["{{text|regex_replace('[aeiou](.)', '<\\\\1>')}}", "In my p<l>m <s> < >cl<a>r st<n>e"],
    [
      "{{', '.join(choices.label)}} {{'a-b-a'.count('a')}} {{'xxhixx'.strip('x')}} {{'hELLO'.capitalize()}}",
      "A, B, C 2 hi Hello",
    ],
    ["{% set x = [text, n] %}{{x[1]|string}}{{[1, 'b']}}", "3[1, 'b']"],
    ["no braces at all", "no braces at all"],
  ])("%j", (template, expected) => expect(render(template, doc, "test")).toBe(expected));

  it("prints lists that can be read back", () => {
    expect(literal(render("{{choices.text}}", doc, "test"))).toEqual(doc.choices.text);
  });

  it.each([
    ["{{missing}}", /cannot be filled: missing is undefined \(test\): expected columns among text, choices/],
    ["{{choices.size}}", /size is undefined/],
    ["{{choices.label.index('Z')}}", /'Z' is not in the list/],
    ["{{text", /cannot be filled/],
  ])("refuses %j", (template, message) => expect(() => render(template, doc, "test")).toThrow(message));
});
