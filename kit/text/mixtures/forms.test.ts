import { describe, expect, it } from "vitest";
import type { Columns } from "../rows/read.js";
import { type Example, type FormSpec, RowWithoutText, readExample, recogniseForm, textOf } from "./forms.js";

const where = "data.jsonl:7";
const read = (columns: Columns, form: FormSpec = recogniseForm({ columns, where })): Example =>
  readExample({ columns, where }, form);

const asked: Example = {
  kind: "chat",
  messages: [
    { role: "user", content: "q" },
    { role: "assistant", content: "a" },
  ],
};
const advised: Example = { ...asked, messages: [{ role: "system", content: "s" }, ...asked.messages] };

describe("forms of rows", () => {
  it.each<[string, Columns, Example]>([
    ["text", { id: 3, text: "t" }, { kind: "text", text: "t" }],
    ["text with a prompt beside it", { prompt: "p", text: "t" }, { kind: "text", text: "t" }],
    ["messages", { prompt: "q", messages: advised.messages }, advised],
    ["alpaca", { instruction: "q", input: "", output: "a" }, asked],
    ["alpaca without an input", { instruction: "q", output: "a" }, asked],
    [
      "alpaca with a prompt and what was said before",
      { system: "s", history: [["p", "o"]], instruction: "q", input: "i", output: "a" },
      {
        kind: "chat",
        messages: [
          { role: "system", content: "s" },
          { role: "user", content: "p" },
          { role: "assistant", content: "o" },
          { role: "user", content: "q\n\ni" },
          { role: "assistant", content: "a" },
        ],
      },
    ],
    ["alpaca with neither", { system: "", history: [], instruction: "q", output: "a" }, asked],
    ["orca", { id: "1", system_prompt: "s", question: "q", response: "a" }, advised],
    ["orca without a prompt", { system_prompt: "", question: "q", response: "a" }, asked],
    ["a pair", { system: "s", user: "q", assistant: "a" }, advised],
    [
      "sharegpt",
      {
        conversations: [
          { from: "human", value: "q" },
          { from: "gpt", value: "a" },
        ],
      },
      asked,
    ],
    [
      "sharegpt with a prompt beside it",
      {
        system: "s",
        conversations: [
          { from: "user", value: "q" },
          { from: "assistant", value: "a" },
        ],
      },
      advised,
    ],
  ])("are recognised by their columns: %s", (_, columns, example) => {
    expect(read(columns)).toEqual(example);
  });

  it("can be named", () => {
    expect(read({ textbook: "t", text: "u" }, { kind: "text", column: "textbook" })).toEqual({
      kind: "text",
      text: "t",
    });
    expect(read({ prompt: "q", answer: "a" }, { kind: "pair", question: "prompt", answer: "answer" })).toEqual(asked);
    expect(read({ chat: asked.messages }, { kind: "messages", column: "chat" })).toEqual(asked);
  });

  it("put an input behind its instruction", () => {
    const example = read({ instruction: "Translate.", input: "Oh", output: "Ach" });
    expect(example.kind === "chat" && example.messages[0].content).toBe("Translate.\n\nOh");
  });

  it("miss text with the file, the line and the columns there are", () => {
    const missing: readonly (readonly [Columns, FormSpec])[] = [
      [{ title: "t" }, { kind: "text" }],
      [{ title: "t", text: " \n" }, { kind: "text" }],
      [{ title: "t", instruction: "i" }, { kind: "alpaca" }],
      [{ title: "t", instruction: "i", output: "o", history: "h" }, { kind: "alpaca" }],
      [{ title: "t", instruction: "i", output: "o", history: [["q"]] }, { kind: "alpaca" }],
      [{ title: "t", messages: "m" }, { kind: "messages" }],
      [{ title: "t", messages: [{ role: "user" }] }, { kind: "messages" }],
    ];
    for (const [columns, form] of missing) {
      expect(() => read(columns, form)).toThrow(RowWithoutText);
      expect(() => read(columns, form)).toThrow(/no text in ".*\(data\.jsonl:7\).*the columns title.*"blank": "skip"/);
    }
    const silent = {
      messages: [
        { role: "user", content: "q" },
        { role: "assistant", content: "" },
      ],
    };
    expect(() => read(silent)).toThrow(/no answer \(data\.jsonl:7\)/);
    expect(() => read(silent)).toThrow(RowWithoutText);
  });

  it("refuse what they do not know", () => {
    expect(() => read({ conversations: [{ from: "tool", value: "x" }] })).toThrow(
      /conversations\[0\]\.from is "tool" \(data\.jsonl:7\): expected system or user or human/,
    );
    expect(() => read({ title: "t", body: "b" })).toThrow(/no form is known for the columns title, body/);
    expect(() => read({}, { kind: "alpacca" } as unknown as FormSpec)).toThrow(
      /no form "alpacca".*Did you mean alpaca/,
    );
  });

  it("have a text by which they are split, whatever template renders them", () => {
    expect(textOf(read({ text: "t" }))).toBe("t");
    expect(textOf(asked)).toBe('[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]');
  });
});
