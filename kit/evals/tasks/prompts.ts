/** What a task makes of a document: its text, its choices, its target. */
import { UserError } from "../../errors.js";
import { literal } from "../python/literal.js";
import { isDigits, type Json } from "../python/text.js";
import type { Doc, FewshotConfig, Target, TaskConfig } from "./config.js";
import { render } from "./template.js";

/** The fields that make a prompt, of a task or of its examples. */
export type PromptFields = Pick<TaskConfig, "doc_to_text" | "doc_to_target" | "doc_to_choice" | "gen_prefix">;

/** The fields examples are written with: their own, or else the task's. */
export function examplePrompts(config: TaskConfig): PromptFields {
  const own: FewshotConfig = config.fewshot_config ?? {};
  return {
    doc_to_text: own.doc_to_text ?? config.doc_to_text,
    doc_to_target: own.doc_to_target ?? config.doc_to_target,
    doc_to_choice: own.doc_to_choice ?? config.doc_to_choice,
    gen_prefix: own.gen_prefix ?? config.gen_prefix,
  };
}

/**
 * The text of a document, or the number of the choice that is its text, as in tasks whose choices are contexts.
 *
 * A field that names a column is the column; otherwise it is a template, or a text with more to it than one word, which may
 * be a column's name that the data have not. Digits alone count choices, where there are any.
 *
 * @throws UserError when the task has no text, or the document not what it asks for
 */
export function textOf(fields: PromptFields, doc: Doc): string | number {
  const value = filled(fields, "doc_to_text", doc);
  const text = isTemplate(fields.doc_to_text, doc) ? counted(fields, String(value)) : value;
  if (typeof text === "string" || typeof text === "number") return text;
  throw wrong("doc_to_text", doc, value, "a text, or the number of a choice");
}

/** The target of a document: a text, the number of a choice, or several. */
export function targetOf(fields: PromptFields, doc: Doc): Target {
  const value = filled(fields, "doc_to_target", doc);
  // A truth value counts choices as well, as in Python.
  if (typeof value === "boolean") return Number(value);
  if (!isTemplate(fields.doc_to_target, doc)) {
    if (typeof value === "string" || typeof value === "number" || Array.isArray(value)) return value as Target;
    throw wrong("doc_to_target", doc, value, "a text, the number of a choice, or a list");
  }
  // What a template prints may be a list.
  const target = counted(fields, String(value));
  if (typeof target === "string" && target.length >= 2 && target.startsWith("[") && target.endsWith("]")) {
    return (literal(target) as Target | undefined) ?? target;
  }
  return target;
}

/** What a document has, for messages: `is text, label`. */
export function filledColumns(doc: Doc): string {
  const columns = Object.keys(doc).filter((column) => doc[column] !== null);
  return columns.length === 0 ? "is nothing" : `is ${columns.join(", ")}`;
}

/** The choices of a document. */
export function choicesOf(fields: PromptFields, doc: Doc): readonly string[] {
  const { doc_to_choice: field } = fields;
  const value =
    typeof field === "object" && !Array.isArray(field) ? Object.values(field) : filled(fields, "doc_to_choice", doc);
  const choices = typeof value === "string" ? literal(value) : value;
  if (Array.isArray(choices) && choices.every((choice) => typeof choice === "string")) return choices;
  throw wrong("doc_to_choice", doc, value, "a list of texts");
}

/** What the model's answer is made to begin with, if the task says so. */
export function prefixOf({ gen_prefix: field }: PromptFields, doc: Doc): string | undefined {
  if (field === undefined) return undefined;
  return isColumn(field, doc) ? String(doc[field]) : render(field, doc, "gen_prefix");
}

type FieldName = "doc_to_text" | "doc_to_target" | "doc_to_choice";

function filled(fields: PromptFields, name: FieldName, doc: Doc): unknown {
  const field = fields[name];
  if (typeof field === "function") return field(doc);
  if (typeof field !== "string") return field;
  if (isColumn(field, doc)) return doc[field];
  // The harness takes it for the text itself, and asks every document the same.
  if (name !== "doc_to_choice" && /^[A-Za-z_]\w*$/.test(field) && !isChoice(fields, field, doc)) {
    throw new UserError(`there is no column "${field}"; there ${filledColumns(doc)}`, {
      where: name,
      fix: `If the text itself is meant, write {{'${field}'}}`,
    });
  }
  return render(field, doc, name);
}

function isChoice(fields: PromptFields, text: string, doc: Doc): boolean {
  return fields.doc_to_choice !== undefined && choicesOf(fields, doc).includes(text);
}

function isTemplate(field: unknown, doc: Doc): boolean {
  return typeof field === "string" && !isColumn(field, doc);
}

function isColumn(field: unknown, doc: Doc): field is string {
  return typeof field === "string" && Object.hasOwn(doc, field);
}

function counted({ doc_to_choice }: PromptFields, text: string): string | number {
  return doc_to_choice !== undefined && isDigits(text) ? Number(text) : text;
}

function wrong(name: FieldName, doc: Doc, value: unknown, expected: string): UserError {
  return new UserError(`${name} gives ${JSON.stringify(value) ?? "nothing"}`, {
    expected: `${expected}; there ${filledColumns(doc)}`,
  });
}

/** A field that is a column's name, a template, or nothing. */
export function resolved(field: string | undefined, doc: Doc, where: string): string {
  if (field === undefined || field === "") return "";
  const column: Json | undefined = doc[field];
  return column === undefined ? render(field, doc, where) : String(column);
}
