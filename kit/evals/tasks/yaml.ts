/** Task files: YAML with `include` and `!function`, as the harness reads it. */
import { readFileSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { LineCounter, parseDocument, type ScalarTag } from "yaml";
import { UserError } from "../../errors.js";
import type { Place } from "./config.js";

/** A function a file names, as in `!function utils.process_docs`, with the folder it is looked for in. */
export class FunctionName {
  constructor(
    readonly name: string,
    readonly folder: string,
  ) {}
}

/** What a file says, with all it includes, and where each field stands. */
export type TaskFile = {
  readonly path: string;
  readonly values: { readonly [field: string]: unknown };
  readonly where: Place;
};

/** PyYAML's booleans: YAML 1.1 without `y` and `n`. */
const booleans: ScalarTag = {
  tag: "tag:yaml.org,2002:bool",
  default: true,
  test: /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/,
  resolve: (text) => /^(?:y|t|on)/i.test(text),
};

/**
 * Reads a task file. A file's own fields win over those it includes, later includes over earlier ones.
 *
 * @throws UserError with the line, when a file cannot be read, is no YAML of fields, or includes itself
 */
export function readTaskFile(path: string): TaskFile {
  return read(resolve(path), []);
}

function read(path: string, above: readonly string[]): TaskFile {
  if (above.includes(path)) {
    throw new UserError("the file includes itself", { where: [...above, path].join(" → ") });
  }
  const lines = new LineCounter();
  const folder = dirname(path);
  const functions: ScalarTag = { tag: "!function", resolve: (text) => new FunctionName(text, folder) };
  const document = parseDocument(content(path), {
    version: "1.1",
    lineCounter: lines,
    prettyErrors: false,
    customTags: (tags) => [
      functions,
      booleans,
      ...tags.filter((tag) => typeof tag !== "object" || tag.tag !== booleans.tag),
    ],
  });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    const { line, col } = lines.linePos(problem.pos[0]);
    throw new UserError(`this is no task file: ${problem.message}`, { where: `${path}:${line}:${col}` });
  }
  const own: unknown = document.toJS();
  if (typeof own !== "object" || own === null || Array.isArray(own)) {
    throw new UserError("this is no task file", { where: path, expected: "YAML with a field a line" });
  }
  const { include, ...fields } = own as { readonly [field: string]: unknown };
  const names: unknown[] = include === undefined ? [] : Array.isArray(include) ? include : [include];
  const included = names.map((name) =>
    read(isAbsolute(String(name)) ? String(name) : join(folder, String(name)), [...above, path]),
  );
  const values = Object.assign({}, ...included.map((file) => file.values), fields);
  return {
    path,
    values,
    where(field) {
      if (!Object.hasOwn(fields, field)) {
        const owner = included.findLast((file) => Object.hasOwn(file.values, field));
        if (owner !== undefined) return owner.where(field);
      }
      const pair = document.getIn([field], true) as { readonly range?: readonly number[] } | undefined;
      return pair?.range === undefined ? path : `${path}:${lines.linePos(pair.range[0]).line}`;
    },
  };
}

function content(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`the task file cannot be read: ${reason}`, { where: path });
  }
}
