/** Chat templates: how a model's conversations are spelt as one text. */
import * as jinja from "@huggingface/jinja";
import { nearest, UserError } from "../../errors.js";
import type { Tokenizer } from "../tokenizer.js";
import type { Message } from "./forms.js";

/** What is used of the library, whose own types TypeScript cannot find: its files import each other without extensions. */
type Library = {
  readonly Template: new (source: string) => { render(values: { readonly [name: string]: unknown }): string };
};

const { Template } = jinja as unknown as Library;

/** Options of {@link ChatTemplate.render}. */
export type RenderOptions = {
  /** End with what stands in front of the next answer, for the model to go on; default `false`. */
  readonly addGenerationPrompt?: boolean;
};

/** A chat template that belongs to a tokenizer. */
export type ChatTemplate = {
  /** In Jinja's language. */
  readonly source: string;
  /**
   * A conversation as text, the same as `apply_chat_template` of transformers gives with `tokenize=False`.
   *
   * @throws UserError when the template refuses the conversation
   */
  render(messages: readonly Message[], options?: RenderOptions): string;
};

/**
 * Templates by name, for models that have none of their own.
 *
 * `zephyr` is the form of Zephyr, which TinyLlama's chat model took over: its markers are plain text, and each turn ends
 * with the token that ends a text. `chatml` has markers that a tokenizer should know as tokens.
 */
export const chatTemplates: Readonly<Record<string, string>> = {
  zephyr: [
    "{% for message in messages %}",
    "{{ '<|' + message.role + '|>\\n' + message.content + eos_token + '\\n' }}",
    "{% endfor %}",
    "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}",
  ].join(""),
  chatml: [
    "{% for message in messages %}",
    "{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}",
    "{% endfor %}",
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
  ].join(""),
};

/**
 * A template of {@link chatTemplates} for a tokenizer.
 *
 * @throws UserError for a name that is not there, with the nearest that is
 */
export function namedTemplate(name: string, tokenizer: Tokenizer): ChatTemplate {
  if (Object.hasOwn(chatTemplates, name)) return chatTemplate(chatTemplates[name], tokenizer);
  const near = nearest(name, Object.keys(chatTemplates));
  throw new UserError(`there is no chat template "${name}"`, {
    expected: Object.keys(chatTemplates).join(" or "),
    fix: near && `Did you mean ${near}?`,
  });
}

/**
 * A chat template in Jinja's language, with the special tokens of a tokenizer.
 *
 * @param source the template, such as the `chat_template` of a `tokenizer_config.json`
 * @param tokenizer tells how the tokens that begin and end a text are spelt
 * @throws UserError when the template cannot be read
 */
export function chatTemplate(source: string, tokenizer: Tokenizer): ChatTemplate {
  const { bos, eos } = tokenizer.special;
  const globals = {
    ...(bos === undefined ? {} : { bos_token: tokenizer.tokenOf(bos) }),
    ...(eos === undefined ? {} : { eos_token: tokenizer.tokenOf(eos) }),
    // Templates ask whether these are none, which is not the same as undefined.
    tools: null,
    documents: null,
  };
  const template = attempt("the chat template cannot be read", () => new Template(source));
  return {
    source,
    render: (messages, { addGenerationPrompt = false } = {}) =>
      attempt("the chat template refuses this conversation", () =>
        template.render({ ...globals, messages, add_generation_prompt: addGenerationPrompt }),
      ),
  };
}

/**
 * The template that a model's own files have, if they have one.
 *
 * @param config the parsed `tokenizer_config.json`, whose `chat_template` is a text or a list of named ones
 * @param file the content of `chat_template.jinja`, which goes before
 * @returns the template in Jinja's language; of several the one named `default`
 */
export function templateOf(config: unknown, file?: string): string | undefined {
  if (file !== undefined) return file;
  const { chat_template: own } = (config ?? {}) as { readonly chat_template?: unknown };
  if (typeof own === "string") return own;
  if (!Array.isArray(own)) return undefined;
  const named = own as readonly { readonly name?: unknown; readonly template?: unknown }[];
  const found = named.find(({ name }) => name === "default")?.template;
  return typeof found === "string" ? found : undefined;
}

/** The library throws plain errors, for a template that cannot be read as well as for one that raises an exception. */
function attempt<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`${what}: ${reason}`, { where: "chat_template" });
  }
}
