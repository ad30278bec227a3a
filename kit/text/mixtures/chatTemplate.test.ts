import { describe, expect, it } from "vitest";
import { smallTokenizer } from "../testing/tokenizers.js";
import type { Tokenizer } from "../tokenizer.js";
import { chatTemplate, namedTemplate, templateOf } from "./chatTemplate.js";
import type { Message } from "./forms.js";

/** A tokenizer whose texts begin with `<s>` and end with `</s>`. */
function llamaLike(): Tokenizer {
  const spelt = ["</s>", "<s>"];
  return { ...smallTokenizer(), special: { bos: 1, eos: 0 }, tokenOf: (id) => spelt[id] };
}

const conversation: readonly Message[] = [
  { role: "system", content: "Be brief." },
  { role: "user", content: "Hi\n" },
  { role: "assistant", content: " Hello! {{ 日本 }}" },
  { role: "user", content: "Bye" },
  { role: "assistant", content: "Ciao\n\n" },
];

/** In the manner of templates that count, trim, slice, raise and mark what is generated. */
const elaborate = `{%- if messages[0]['role'] == 'system' -%}
    {%- set system = messages[0]['content'] | trim -%}
    {%- set turns = messages[1:] -%}
{%- else -%}
    {%- set system = none -%}
    {%- set turns = messages -%}
{%- endif -%}
{{- bos_token }}
{%- set count = namespace(answers=0) %}
    {# Turns must alternate. #}
{%- for message in turns %}
    {%- if (message.role == 'user') != (loop.index0 % 2 == 0) %}
        {{- raise_exception('Turns must alternate user and assistant.') }}
    {%- endif %}
    {%- if message.role == 'user' %}
        {{- '[INST] ' }}
        {%- if loop.first and system is not none %}
            {{- '<<' ~ system.upper() ~ '>>\\n' }}
        {%- endif %}
        {{- message['content'].strip() + ' [/INST]' }}
    {%- else %}
        {%- set count.answers = count.answers + 1 %}
        {%- generation %}
        {{- ' ' + message['content'] | trim + eos_token }}
        {%- endgeneration %}
    {%- endif %}
    {%- if tools is not none and tools %}never{% endif %}
{%- endfor %}
{%- if add_generation_prompt and count.answers > 5 %}{{ 'many' | tojson }}{% endif %}
`;

// What `apply_chat_template(…, tokenize=False)` of transformers 4.57.1 gives; for zephyr and chatml with the templates that
// Zephyr and models of the ChatML kind publish, which are written in another way than the ones here.
const zephyr =
  "<|system|>\nBe brief.</s>\n<|user|>\nHi\n</s>\n<|assistant|>\n Hello! {{ 日本 }}</s>\n<|user|>\nBye</s>\n<|assistant|>\n";
const chatml =
  "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi\n<|im_end|>\n<|im_start|>assistant\n Hello! {{ 日本 }}<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n";
const elaborated = "<s>[INST] <<BE BRIEF.>>\nHi [/INST] Hello! {{ 日本 }}</s>[INST] Bye [/INST]";

describe("chat templates", () => {
  const tokenizer = llamaLike();

  it.each([
    ["zephyr", namedTemplate("zephyr", tokenizer), zephyr, "Ciao\n\n</s>\n"],
    ["chatml", namedTemplate("chatml", tokenizer), chatml, "Ciao\n\n<|im_end|>\n"],
    ["an elaborate one", chatTemplate(elaborate, tokenizer), elaborated, " Ciao</s>"],
  ])("render %s as transformers does", (_, template, prompt, answer) => {
    expect(template.render(conversation.slice(0, 4), { addGenerationPrompt: true })).toBe(prompt);
    expect(template.render(conversation)).toBe(prompt + answer);
  });

  it("refuse conversations in their own words", () => {
    const template = chatTemplate(elaborate, tokenizer);
    expect(() => template.render(conversation.slice(2, 3))).toThrow(
      /refuses this conversation: Turns must alternate user and assistant/,
    );
  });

  it("are one error when they cannot be read, or have no such name", () => {
    expect(() => chatTemplate("{% for x in %}", tokenizer)).toThrow(/the chat template cannot be read/);
    expect(() => namedTemplate("zephir", tokenizer)).toThrow(/no chat template "zephir".*Did you mean zephyr/);
  });

  it("leave out tokens the tokenizer has not", () => {
    const without = { ...tokenizer, special: {} };
    expect(chatTemplate("{{ bos_token }}{{ messages[0].content }}{{ eos_token }}", without).render(conversation)).toBe(
      "Be brief.",
    );
  });

  it("are found among a model's files: a file of their own, a text, or the default of a list", () => {
    const named = [
      { name: "tool_use", template: "t" },
      { name: "default", template: "d" },
    ];
    expect(templateOf({ chat_template: "a" })).toBe("a");
    expect(templateOf({ chat_template: "a" }, "b")).toBe("b");
    expect(templateOf({ chat_template: named })).toBe("d");
    expect(templateOf({ chat_template: named.slice(0, 1) })).toBeUndefined();
    expect(templateOf(undefined)).toBeUndefined();
  });
});
