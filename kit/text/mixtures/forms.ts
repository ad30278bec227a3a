/** What rows mean: texts, conversations, and instructions with their answers. */
import { nearest, UserError } from "../../errors.js";
import type { Columns, Row } from "../rows/read.js";

/** Who speaks. */
export type Role = "system" | "user" | "assistant";

/** One turn of a conversation. */
export type Message = { readonly role: Role; readonly content: string };

/** What a row gives to learn from: a text as a whole, or the answers of a conversation. */
export type Example =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "chat"; readonly messages: readonly Message[] };

/** The form of a data set's rows, as plain JSON. */
export type FormSpec =
  /** A text in one column; in a plain text file the documents are separated by `between`. */
  | { readonly kind: "text"; readonly column?: string; readonly between?: string }
  /** Conversations as the hub has them: a list of `role` and `content`, by default in `messages`. */
  | { readonly kind: "messages"; readonly column?: string }
  /** Conversations of ShareGPT: a list of `from` and `value`, by default in `conversations`. */
  | { readonly kind: "sharegpt"; readonly column?: string }
  /** `instruction`, `output`, and where there are any: `input`, `system`, `history` (pairs of a question and its answer). */
  | { readonly kind: "alpaca" }
  /** `system_prompt` (may be empty or absent), `question`, `response`. */
  | { readonly kind: "orca" }
  /** A question and its answer in columns of any name, optionally after a system prompt. */
  | { readonly kind: "pair"; readonly question: string; readonly answer: string; readonly system?: string };

/** A row that lacks the text its form asks for: the one mistake that a source may choose to pass over. */
export class RowWithoutText extends UserError {}

type Form<Spec> = {
  /** The form of a row with such columns, if it is this one. */
  readonly recognise: (columns: Columns) => Spec | undefined;
  readonly read: (row: Row, spec: Spec) => Example;
};

type Forms = { readonly [Kind in FormSpec["kind"]]: Form<Extract<FormSpec, { readonly kind: Kind }>> };

/** In the order in which they are recognised: a conversation beside a text is what the row is about. */
const forms: Forms = {
  messages: {
    recognise: ({ messages }) => (Array.isArray(messages) ? { kind: "messages" } : undefined),
    read: (row, { column = "messages" }) => conversation(row, turns(row, column, "role", "content")),
  },
  sharegpt: {
    recognise: ({ conversations }) => (Array.isArray(conversations) ? { kind: "sharegpt" } : undefined),
    read: (row, { column = "conversations" }) =>
      conversation(row, [...prompt(row, "system"), ...turns(row, column, "from", "value")]),
  },
  orca: {
    recognise: (columns) => (has(columns, "question", "response") ? { kind: "orca" } : undefined),
    read: (row) => pair(row, { question: "question", answer: "response", system: "system_prompt" }),
  },
  alpaca: {
    recognise: (columns) => (has(columns, "instruction", "output") ? { kind: "alpaca" } : undefined),
    read: alpaca,
  },
  pair: {
    recognise: (columns) =>
      has(columns, "user", "assistant")
        ? { kind: "pair", question: "user", answer: "assistant", system: "system" }
        : undefined,
    read: pair,
  },
  text: {
    recognise: (columns) => (has(columns, "text") ? { kind: "text" } : undefined),
    read: (row, { column = "text" }) => ({ kind: "text", text: textIn(row, column) }),
  },
};

/** Kinds of forms that there are. */
export const formKinds: readonly string[] = Object.keys(forms);

/**
 * The form of a data set by the columns of its first row.
 *
 * @throws UserError when no form has such columns
 */
export function recogniseForm({ columns, where }: Row): FormSpec {
  for (const { recognise } of Object.values(forms)) {
    const form = recognise(columns);
    if (form !== undefined) return form;
  }
  throw new UserError(`no form is known for the columns ${Object.keys(columns).join(", ") || "of this row"}`, {
    where,
    fix: 'Name it in the specification, such as "form": { "kind": "text", "column": "…" }',
  });
}

/**
 * What a row gives to learn from.
 *
 * @param row the row
 * @param spec its form
 * @returns a text that is not blank, or a conversation with at least one answer that is not
 * @throws RowWithoutText when there is no such text
 * @throws UserError when a role is unknown, or the form is
 */
export function readExample(row: Row, spec: FormSpec): Example {
  checkForm(spec);
  // The union and its entry agree by construction, which TypeScript cannot follow.
  return (forms[spec.kind] as Form<FormSpec>).read(row, spec);
}

/** @throws UserError for a form that nobody knows, with the nearest there is */
export function checkForm({ kind }: FormSpec): void {
  if (Object.hasOwn(forms, kind)) return;
  const near = nearest(kind, formKinds);
  throw new UserError(`there is no form "${kind}"`, {
    where: "form.kind",
    expected: formKinds.join(" or "),
    fix: near && `Did you mean ${near}?`,
  });
}

/** The conversation as a text of its own, whatever template renders it: what it is split and hashed by. */
export function textOf(example: Example): string {
  return example.kind === "text" ? example.text : JSON.stringify(example.messages);
}

function has(columns: Columns, ...names: readonly string[]): boolean {
  return names.every((name) => typeof columns[name] === "string");
}

/** An instruction and its input make one question, with an empty line between them. */
function alpaca(row: Row): Example {
  const input = row.columns.input;
  const instruction = textIn(row, "instruction");
  const question = typeof input === "string" && input.trim() !== "" ? `${instruction}\n\n${input}` : instruction;
  return conversation(row, [
    ...prompt(row, "system"),
    ...history(row),
    { role: "user", content: question },
    { role: "assistant", content: textIn(row, "output") },
  ]);
}

/** The turns in front of an instruction: a list of pairs, which may be empty or absent. */
function history(row: Row): Message[] {
  const pairs = row.columns.history ?? [];
  if (!Array.isArray(pairs)) throw missing(row, "history", "a list of pairs");
  return pairs.flatMap((pair: unknown, i): Message[] => {
    const [question, answer] = Array.isArray(pair) ? (pair as readonly unknown[]) : [];
    if (typeof question === "string" && typeof answer === "string")
      return [
        { role: "user", content: question },
        { role: "assistant", content: answer },
      ];
    throw missing(row, `history[${i}]`, "a question and its answer");
  });
}

type Pair = { readonly question: string; readonly answer: string; readonly system?: string };

function pair(row: Row, { question, answer, system }: Pair): Example {
  return conversation(row, [
    ...prompt(row, system),
    { role: "user", content: textIn(row, question) },
    { role: "assistant", content: textIn(row, answer) },
  ]);
}

/** The system's turn, unless its column is absent or blank. */
function prompt({ columns }: Row, column: string | undefined): Message[] {
  const content = column === undefined ? undefined : columns[column];
  return typeof content === "string" && content.trim() !== "" ? [{ role: "system", content }] : [];
}

/** Names that data sets have for the three roles. */
const roles: Readonly<Record<string, Role>> = {
  system: "system",
  user: "user",
  human: "user",
  assistant: "assistant",
  gpt: "assistant",
  model: "assistant",
};

function turns(row: Row, column: string, speaker: string, said: string): Message[] {
  const list = row.columns[column];
  if (!Array.isArray(list)) throw missing(row, column, "a list of turns");
  return list.map((turn: unknown, i) => {
    const { [speaker]: from, [said]: content } = (turn ?? {}) as Columns;
    const field = `${column}[${i}]`;
    if (typeof content !== "string") throw missing(row, `${field}.${said}`, "a text");
    const role = typeof from === "string" && Object.hasOwn(roles, from) ? roles[from] : undefined;
    if (role !== undefined) return { role, content };
    throw new UserError(`${field}.${speaker} is ${JSON.stringify(from)}`, {
      where: row.where,
      expected: Object.keys(roles).join(" or "),
    });
  });
}

function conversation(row: Row, messages: readonly Message[]): Example {
  const answered = messages.some(({ role, content }) => role === "assistant" && content.trim() !== "");
  if (answered) return { kind: "chat", messages };
  throw new RowWithoutText("this conversation has no answer", {
    where: row.where,
    expected: "a turn of the assistant that is not blank",
    fix: passOver,
  });
}

function textIn(row: Row, column: string): string {
  const text = row.columns[column];
  if (typeof text === "string" && text.trim() !== "") return text;
  throw missing(row, column, "a text that is not blank");
}

const passOver = 'Mend the row, or give its source "blank": "skip"';

function missing({ columns, where }: Row, field: string, expected: string): RowWithoutText {
  const there = Object.keys(columns).join(", ");
  return new RowWithoutText(`this row has no text in "${field}"`, {
    where,
    expected: `${expected}; the row has ${there === "" ? "no columns" : `the columns ${there}`}`,
    fix: passOver,
  });
}
