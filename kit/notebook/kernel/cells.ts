/** Compiles cells: tslab's converter with source maps, top-level `for await`, and names that survive a failed cell. */
import type typescript from "typescript";
import type { CodeMaps } from "./maps.js";
import type { Completions, Converted, Converter, Diagnostic, QuickInfo, Tslab, TypeScript } from "./tslab.js";

/** tslab puts `export {};` on a line of its own before each cell. */
const LINES_BEFORE = 1;

/** The name of a cell in stack traces. */
export function cellName(count: number): string {
  return `cell-${count}.ts`;
}

/** The converter the executor sees. It keeps the declarations of earlier cells itself. */
export class Cells implements Converter {
  readonly #tslab: Tslab;
  readonly #maps: CodeMaps;
  readonly #shielded: (work: () => Converted) => Converted;
  #inner: Converter | undefined;
  #declarations = "";
  #pending: string | undefined;
  #count = 0;
  #diagnostics: readonly Diagnostic[] = [];

  /**
   * @param tslab the compiler's modules
   * @param maps where source maps go
   * @param shielded runs the compiler so that an interrupt does not tear it
   */
  constructor(tslab: Tslab, maps: CodeMaps, shielded: (work: () => Converted) => Converted) {
    this.#tslab = tslab;
    this.#maps = maps;
    this.#shielded = shielded;
  }

  /** What the compiler said about the latest cell. */
  get diagnostics(): readonly Diagnostic[] {
    return this.#diagnostics;
  }

  /** The execution count of the cell that is compiled. */
  get count(): number {
    return this.#count;
  }

  /** Announces the execution count of the cell that is compiled next. */
  begin(count: number): void {
    this.#count = count;
    this.#pending = undefined;
    this.#diagnostics = [];
  }

  /**
   * Takes over what the latest cell declared. Of a cell that failed half-way, the names that got a value stay:
   * an interrupted training loop leaves its results behind.
   *
   * @param ok whether the cell ran to its end
   * @param locals the values by name
   */
  commit(ok: boolean, locals: Readonly<Record<string, unknown>>): void {
    if (this.#pending === undefined) return;
    this.#declarations = ok ? this.#pending : keepSet(this.#tslab.typescript, this.#pending, locals);
    this.#pending = undefined;
  }

  convert(_declarations: string, source: string): Converted {
    const converted = this.#shielded(() => this.#guarded((inner) => inner.convert(this.#declarations, source)));
    this.#diagnostics = converted.diagnostics;
    if (converted.output === undefined) return converted;
    this.#pending = converted.declOutput ?? "";
    const hasToplevelAwait = converted.hasToplevelAwait === true || hasToplevelForAwait(this.#tslab.typescript, source);
    const shift = hasToplevelAwait
      ? "(async function(exports, require) { ".length
      : "(function(exports, require) { ".length;
    const name = cellName(this.#count);
    const code = this.#maps.adopt(converted.output, name, { source, shift, skipLines: LINES_BEFORE });
    const sideOutputs = converted.sideOutputs?.map(({ path, data }) => ({ path, data: this.#maps.adopt(data, path) }));
    return {
      ...converted,
      hasToplevelAwait,
      output: code === "" ? "" : `${code}\n//# sourceURL=${name}`,
      ...(sideOutputs === undefined ? {} : { sideOutputs }),
    };
  }

  inspect(_declarations: string, source: string, position: number): QuickInfo | undefined {
    return this.#guarded((inner) => inner.inspect(this.#declarations, source, position));
  }

  complete(_declarations: string, source: string, position: number): Completions {
    return this.#guarded((inner) => inner.complete(this.#declarations, source, position));
  }

  addModule(name: string, source: string, meta?: unknown): readonly Diagnostic[] {
    this.#diagnostics = this.#guarded((inner) => inner.addModule(name, source, meta));
    return this.#diagnostics;
  }

  close(): void {
    this.#inner?.close();
  }

  /** Builds the compiler now (about half a second), so that the first cell does not wait for it. */
  warmUp(): void {
    this.#guarded((inner) => inner.convert("", "1"));
  }

  /** A compiler that crashed is left in a state that fails every later cell: replace it. */
  #guarded<T>(use: (inner: Converter) => T): T {
    this.#inner ??= this.#tslab.createConverter({ isJS: false, isBrowser: false });
    try {
      return use(this.#inner);
    } catch (error) {
      this.#inner.close();
      this.#inner = undefined;
      throw error;
    }
  }
}

/** Whether a cell iterates asynchronously outside of any function, which tslab does not notice. */
function hasToplevelForAwait(ts: TypeScript, source: string): boolean {
  if (!/\bfor\s+await\b/.test(source)) return false;
  const search = (node: typescript.Node): boolean => {
    if (ts.isFunctionLike(node) || ts.isClassLike(node)) return false;
    if (ts.isForOfStatement(node) && node.awaitModifier !== undefined) return true;
    return ts.forEachChild(node, (child) => search(child) || undefined) ?? false;
  };
  return search(ts.createSourceFile("cell.ts", source, ts.ScriptTarget.ES2022, true));
}

/** Declarations without the variables that have no value. */
function keepSet(ts: TypeScript, declarations: string, locals: Readonly<Record<string, unknown>>): string {
  const file = ts.createSourceFile("declarations.d.ts", declarations, ts.ScriptTarget.ES2022, true);
  const kept = file.statements.filter((statement) => {
    if (!ts.isVariableStatement(statement)) return true;
    return statement.declarationList.declarations.every(
      ({ name }) => !ts.isIdentifier(name) || locals[name.text] !== undefined,
    );
  });
  return kept.map((statement) => statement.getFullText(file)).join("");
}
