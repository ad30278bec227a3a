import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type ToyStory, toyStories, toyStory } from "./toyStories.js";

const many: readonly ToyStory[] = Array.from({ length: 20_000 }, (_, i) => toyStory(1, i));
const wordsOf = (text: string): string[] => text.toLowerCase().match(/[a-z]+(?:['-][a-z]+)*/g) ?? [];

describe("toy stories", () => {
  it("are the same on every machine", () => {
    const digest = createHash("sha256")
      .update(JSON.stringify(toyStories({ seed: 1, count: 100 })))
      .digest("hex");
    expect(digest).toBe("fc3cf0b874273c95dbb1e2391517e35757c9aeba25977a7ed809a5daba916953");
  });

  it("depend on seed and number alone", () => {
    const all = toyStories({ seed: 7, count: 20 });
    expect(toyStories({ seed: 7, count: 5, from: 15 })).toEqual(all.slice(15));
    expect(toyStories({ seed: 8, count: 20 }).filter((text, i) => text === all[i])).toEqual([]);
    expect(toyStories({ seed: -3, count: 1 })).not.toEqual(toyStories({ seed: 3, count: 1 }));
    expect(toyStories({ seed: 2 ** 40, count: 1 })).not.toEqual(toyStories({ seed: 0, count: 1 }));
  });

  it("have a few thousand words, and no two are alike", () => {
    const words = many.flatMap((story) => wordsOf(story.text));
    expect(new Set(words).size).toBeGreaterThan(2500);
    expect(words.length / many.length).toBeGreaterThan(120);
    expect(words.length / many.length).toBeLessThan(170);
    expect(new Set(many.map((story) => story.text)).size).toBe(many.length);
    expect(new Set(many.map((story) => story.text.split(". ")[0])).size).toBeGreaterThan(15_000);
    const plots = new Map<string, number>();
    for (const { plot } of many) plots.set(plot, (plots.get(plot) ?? 0) + 1);
    expect(plots.size).toBe(22);
    for (const count of plots.values()) expect(count).toBeGreaterThan(many.length / 22 / 1.2);
  });

  it("leave no template unfilled and use the right article", () => {
    for (const { text } of many) {
      expect(text).not.toMatch(/[[\]{}|@#~]|\(n\)|undefined|\s\s|\.\.| [.,]|^\s|\s$/);
      expect(text).not.toMatch(/\b[Aa] (?:[aeio]|u(?!ku|ni|se))(?!ne)/);
      expect(text).not.toMatch(/\b[Aa]n [^aeiouhAEIOUH]/);
      expect(text.split("\n")).toHaveLength(3);
    }
  });

  it("keep to the pronouns of their people", () => {
    const others = { she: /\b(?:he|him|his|himself|boy)\b/i, he: /\b(?:she|her|hers|herself|girl)\b/i };
    const alike = many.filter(({ cast }) => new Set(cast.map(({ pronoun }) => pronoun)).size === 1);
    expect(alike.length).toBeGreaterThan(4000);
    for (const { text, cast } of alike) expect(text).not.toMatch(others[cast[0].pronoun]);
    expect(many.every(({ text, cast }) => text.includes(cast[0].name))).toBe(true);
    const said = many.filter(({ text, cast }) => new RegExp(`\\b${cast[0].pronoun}\\b`, "i").test(text));
    expect(said.length / many.length).toBeGreaterThan(0.98);
  });

  it("keep to their things and numbers", () => {
    const numbers = [
      "three",
      "four",
      "five",
      "six",
      "seven",
      "eight",
      "nine",
      "ten",
      "eleven",
      "twelve",
      "thirteen",
      "fourteen",
    ];
    const collections = many.filter(({ plot }) => plot === "a collection");
    for (const { text } of collections) {
      const [, first] = text.match(/(?:already had|kept) (\w+)/) ?? [];
      const start = numbers.indexOf(first);
      expect(text).toContain(` ${numbers[start + 2]}`);
      expect(text).toMatch(new RegExp(`(?:had|made) ${numbers[start + 4]}\\b`));
    }
    for (const { text } of many.filter(({ plot }) => plot === "lost toy")) {
      const [, toy] = text.match(/put the (.+?) (?:back|next|into)|the (.+?) has had/) ?? [];
      if (toy) expect(text.split(toy).length).toBeGreaterThan(3);
    }
  });

  it("refuses what is no count", () => {
    for (const count of [-1, 1.5, Number.NaN]) expect(() => toyStories({ seed: 1, count })).toThrow(/count is/);
    expect(() => toyStories({ seed: Number.POSITIVE_INFINITY, count: 1 })).toThrow(/seed is Infinity/);
  });
});
