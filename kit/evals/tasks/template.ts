/** Jinja as the harness renders it: Python's values, and no silence about what is undefined. */
import * as jinja from "@huggingface/jinja";
import { UserError } from "../../errors.js";
import { pythonRegex, substitute } from "../python/regex.js";
import { capitalize, isDigits, type Json, pythonText, repr, strip } from "../python/text.js";
import type { Doc } from "./config.js";

/** A node of a parsed template. */
type Node = { readonly type: string; readonly [part: string]: unknown };

/** A value inside the library, which wraps each one. */
type Value = { readonly type: string; readonly value: unknown };

type Scope = {
  set(name: string, value: unknown): Value;
  setVariable(name: string, value: Value): Value;
};

type Evaluator = {
  evaluate(node: Node | undefined, scope: Scope): Value;
  run(program: Node): Value;
};

/** What is used of the library, whose own types TypeScript cannot find: its files import each other without extensions. */
type Library = {
  readonly Environment: new (parent?: Scope) => Scope;
  readonly Interpreter: new (scope: Scope) => Evaluator;
  readonly tokenize: (template: string) => unknown;
  readonly parse: (tokens: unknown) => Node;
};

const { Environment, Interpreter, parse, tokenize } = jinja as unknown as Library;

/** An expression whose value becomes text. */
const PRINT = "Print";

/** Nodes of a block that print nothing, or print by themselves. */
const statements = new Set([
  "Set",
  "If",
  "For",
  "Macro",
  "Break",
  "Continue",
  "Comment",
  "CallStatement",
  "FilterStatement",
]);

const templates = new Map<string, Node>();

/**
 * Renders a template with the columns of a document.
 *
 * The library is made for chat templates, whose lists print as JSON and whose unknown names are empty. Here they print and
 * fail as in Jinja2 with `StrictUndefined`. Numbers are JavaScript's: one that is whole prints as an integer, so that
 * `{{4 / 2}}` is `2` here and `2.0` there.
 *
 * @param where what the template is for, in messages
 * @throws UserError when the template is none, or asks for a column the document has not
 */
export function render(template: string, doc: Doc, where: string): string {
  if (!template.includes("{")) return template;
  try {
    let program = templates.get(template);
    if (program === undefined) {
      program = printing(parse(tokenize(keepNewline(template))));
      templates.set(template, program);
    }
    const scope = new Environment(globals);
    // Documents may be long, and a template asks for little of them.
    for (const [name, value] of Object.entries(doc)) {
      if (template.includes(name)) scope.setVariable(name, made(value));
    }
    return String(new StrictInterpreter(scope).run(program).value);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`the template ${JSON.stringify(template)} cannot be filled: ${reason}`, {
      where,
      expected: `columns among ${Object.keys(doc).join(", ")}`,
    });
  }
}

/** Names that stand for something in every template. */
const globals = new Environment();
for (const [name, value] of Object.entries({
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
})) {
  globals.set(name, value);
}
globals.set("range", (start: number, end?: number) => {
  const [from, to] = end === undefined ? [0, start] : [start, end];
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
});

/** The library takes one line feed off the end. */
function keepNewline(template: string): string {
  return template.endsWith("\n") ? `${template}\n` : template;
}

/** The same program with every expression of a block marked as printed. */
function printing<T>(node: T): T {
  if (Array.isArray(node)) return node.map(printing) as T;
  if (typeof node !== "object" || node === null || !("type" in node)) return node;
  for (const part of ["body", "alternate", "defaultBlock"] as const) {
    const block = (node as Record<string, unknown>)[part];
    if (!Array.isArray(block)) continue;
    (node as Record<string, unknown>)[part] = block.map((each: Node) =>
      statements.has(each.type) ? printing(each) : { type: PRINT, expression: each },
    );
  }
  return node;
}

class StrictInterpreter extends Interpreter {
  /** Whether an undefined value is only asked about, as by `is defined`. */
  private lenient = false;

  override evaluate(node: Node | undefined, scope: Scope): Value {
    switch (node?.type) {
      case PRINT:
        return made(pythonText(plain(this.evaluate(node.expression as Node, scope))));
      case "TestExpression":
        return this.asking(/^(un)?defined$/.test((node.test as { value: string }).value), () =>
          super.evaluate(node, scope),
        );
      case "FilterExpression":
        return this.filter(node, scope);
      case "MemberExpression":
        return this.member(node, scope);
      case "Identifier": {
        const value = super.evaluate(node, scope);
        if (value.type === "UndefinedValue" && !this.lenient) throw new Error(`${node.value} is undefined`);
        return value;
      }
      default:
        return super.evaluate(node, scope);
    }
  }

  private asking<T>(lenient: boolean, ask: () => T): T {
    const before = this.lenient;
    this.lenient = lenient;
    try {
      return ask();
    } finally {
      this.lenient = before;
    }
  }

  /** Filters that the library has not, or that print in another way. */
  private filter(node: Node, scope: Scope): Value {
    const call = node.filter as { type: string; value?: string; callee?: { value: string }; args?: readonly Node[] };
    const name = call.value ?? call.callee?.value ?? "";
    const operand = (): Json => plain(this.evaluate(node.operand as Node, scope)) ?? null;
    const argument = (at: number): Json => plain(this.evaluate(call.args?.[at], scope)) ?? null;
    if (name === "string") return made(pythonText(operand()));
    if (name === "capitalize") return made(capitalize(String(operand())));
    if (name === "trim") return made(strip(pythonText(operand())));
    if (name === "regex_replace") {
      return made(substitute(pythonRegex(String(argument(0))), String(argument(1)), String(operand())));
    }
    return this.asking(name === "default" || name === "d", () => super.evaluate(node, scope));
  }

  /** Methods of strings and lists that the library has not. */
  private member(node: Node, scope: Scope): Value {
    const { property, computed } = node as unknown as { property: { value: string }; computed: boolean };
    const object = this.evaluate(node.object as Node, scope);
    const receiver = computed ? undefined : plain(object);
    const table = typeof receiver === "string" ? textMethods : Array.isArray(receiver) ? listMethods : undefined;
    if (table !== undefined && Object.hasOwn(table, property.value)) {
      const method = table[property.value] as (receiver: Json, ...args: readonly Json[]) => Json;
      return new Environment().set("method", (...args: readonly unknown[]) =>
        method(receiver as Json, ...args.map((each) => unwrapped(each) as Json)),
      );
    }
    const value = super.evaluate(node, scope);
    if (value.type === "UndefinedValue" && !this.lenient) {
      throw new Error(`${computed ? "an item" : property.value} is undefined`);
    }
    return value;
  }
}

const textMethods: Readonly<Record<string, (text: string, ...args: readonly Json[]) => Json>> = {
  capitalize,
  strip: (text, characters) => trimmed(text, characters, true, true),
  lstrip: (text, characters) => trimmed(text, characters, true, false),
  rstrip: (text, characters) => trimmed(text, characters, false, true),
  join: (text, items) => (items as readonly string[]).join(text),
  find: (text, part) => text.indexOf(String(part)),
  index: (text, part) => found(text.indexOf(String(part)), part),
  count: (text, part) => text.split(String(part)).length - 1,
  isdigit: (text) => isDigits(text),
  splitlines: (text) => text.replace(/\r\n|\r|\n$/, "").split(/\r\n|\r|\n/),
};

const listMethods: Readonly<Record<string, (list: readonly Json[], ...args: readonly Json[]) => Json>> = {
  index: (list, item) =>
    found(
      list.findIndex((each) => repr(each) === repr(item)),
      item,
    ),
  count: (list, item) => list.filter((each) => repr(each) === repr(item)).length,
};

function found(at: number, item: Json | undefined): number {
  if (at < 0) throw new Error(`${repr(item)} is not in the list`);
  return at;
}

function trimmed(text: string, characters: Json | undefined, start: boolean, end: boolean): string {
  const among = typeof characters === "string" ? new Set(characters) : undefined;
  const away = (unit: string): boolean => (among === undefined ? strip(unit) === "" : among.has(unit));
  let [from, to] = [0, text.length];
  while (start && from < to && away(text[from])) from++;
  while (end && to > from && away(text[to - 1])) to--;
  return text.slice(from, to);
}

/** A value of the library from a plain one. */
function made(value: Json | undefined): Value {
  return typeof value === "string" ? new TextValue(value) : new Environment().set("value", value);
}

const TextValue = new Environment().set("text", "").constructor as new (text: string) => Value;

/** The plain value of one of the library's. */
function plain(value: Value): Json | undefined {
  return unwrapped(value.value) as Json | undefined;
}

function unwrapped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => unwrapped(each));
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, each]) => [key, unwrapped(each)]));
  if (typeof value === "object" && value !== null && "value" in value) return unwrapped(value.value);
  return value;
}
