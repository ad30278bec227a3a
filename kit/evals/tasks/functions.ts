/** Functions that task files name with `!function`. */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { UserError } from "../../errors.js";
import * as shipped from "../shipped/functions.js";
import type { Place } from "./config.js";
import type { Values } from "./schema.js";
import { FunctionName } from "./yaml.js";

/** Functions that task files name, such as `utils.process_docs`. */
export type NamedFunctions = { readonly [name: string]: (...args: never[]) => unknown };

/** The kit's own, by the names files may call them: a file cannot say that another's Python does the same. */
const own: ReadonlyMap<string, unknown> = new Map(
  Object.entries(shipped).map(([name, each]) => [`kintsugi.${name}`, each]),
);

/** Puts functions in the place of their names: those that were given, the kit's own, those of a module beside the file. */
export class Functions {
  private readonly modules = new Map<string, Promise<Readonly<Record<string, unknown>>>>();

  constructor(private readonly given: NamedFunctions = {}) {}

  /**
   * The same values with every `!function` replaced by the function.
   *
   * @throws UserError for a function that is nowhere
   */
  async in(values: Values, where: Place): Promise<Values> {
    return (await this.within(values, where, "")) as Values;
  }

  private async within(value: unknown, where: Place, field: string): Promise<unknown> {
    if (value instanceof FunctionName) return await this.named(value, where(field));
    if (Array.isArray(value)) return await Promise.all(value.map((each) => this.within(each, where, field)));
    if (typeof value !== "object" || value === null) return value;
    const pairs = Object.entries(value).map(
      async ([key, each]) => [key, await this.within(each, where, field === "" ? key : field)] as const,
    );
    return Object.fromEntries(await Promise.all(pairs));
  }

  private async named({ name, folder }: FunctionName, where: string): Promise<unknown> {
    const known = this.given[name] ?? own.get(name);
    if (known !== undefined) return known;
    const dot = name.lastIndexOf(".");
    const stem = join(folder, ...name.slice(0, Math.max(0, dot)).split("."));
    const path = [".mjs", ".js"].map((ending) => stem + ending).find((each) => existsSync(each));
    const found = path === undefined ? undefined : (await this.moduleOf(path))[name.slice(dot + 1)];
    if (typeof found === "function") return found;
    throw new UserError(`the function ${name} is not to be had`, {
      where,
      expected: `${basename(stem)}.mjs beside the file, with ${name.slice(dot + 1)} among its exports, or a function that was given`,
      fix: `Functions in Python have to be written anew in JavaScript; those of the kit's own tasks are there by name: ${[...own.keys()].join(", ")}`,
    });
  }

  private async moduleOf(path: string): Promise<Readonly<Record<string, unknown>>> {
    if (!this.modules.has(path)) {
      this.modules.set(path, import(pathToFileURL(path).href) as Promise<Readonly<Record<string, unknown>>>);
    }
    return await this.modules.get(path)!;
  }
}
