/** The parts of tslab 1.0.22 this kernel stands on, typed for what is used, and the places where its compiler is bent. */
import { createRequire } from "node:module";
import type typescript from "typescript";
import { mendShorthand } from "./shorthand.js";

/** The TypeScript API, as far as the compiler's fork and the types of TypeScript 5.9 agree. */
export type TypeScript = typeof typescript;

/** A compile error; lines and characters count from zero. */
export type Diagnostic = {
  readonly start: { readonly offset: number; readonly line: number; readonly character: number };
  readonly end: { readonly offset: number; readonly line: number; readonly character: number };
  readonly messageText: string;
  readonly code: number;
  readonly fileName?: string;
};

/** What compiling a cell gives; with diagnostics nothing else is set. */
export type Converted = {
  readonly output?: string;
  readonly declOutput?: string;
  readonly diagnostics: readonly Diagnostic[];
  readonly lastExpressionVar?: string;
  readonly hasToplevelAwait?: boolean;
  readonly sideOutputs?: readonly { readonly path: string; readonly data: string }[];
};

export type QuickInfo = {
  readonly displayParts?: readonly { readonly text: string }[];
  readonly documentation?: readonly { readonly text: string }[];
  readonly tags?: readonly { readonly name: string; readonly text?: readonly { readonly text: string }[] }[];
};

export type Completions = { readonly start: number; readonly end: number; readonly candidates: readonly string[] };

/** Compiles cells; `declarations` are the names earlier cells defined, as a `.d.ts` text. */
export type Converter = {
  convert(declarations: string, source: string): Converted;
  inspect(declarations: string, source: string, position: number): QuickInfo | undefined;
  complete(declarations: string, source: string, position: number): Completions;
  addModule(name: string, source: string, meta?: unknown): readonly Diagnostic[];
  close(): void;
};

/** Runs compiled cells; `locals` holds the values they defined. */
export type Executor = {
  execute(source: string): Promise<boolean>;
  interrupt(): void;
  readonly locals: Record<string, unknown>;
  close(): void;
};

/** Where the executor reports: `log` gets the last expression of a cell, `error` what was thrown. */
export type Report = { log(value: unknown): void; error(...values: unknown[]): void };

type ConverterSet = { readonly node: Converter; readonly browser: Converter; close(): void };

/** The modules of tslab this kernel uses. */
export type Tslab = {
  readonly typescript: TypeScript;
  readonly createConverter: (options: { isJS: boolean; isBrowser: boolean }) => Converter;
  readonly createExecutor: (folder: string, converters: ConverterSet, report: Report) => Executor;
  readonly isCompleteCode: (source: string) => { readonly completed: boolean; readonly indent?: string };
  readonly printQuickInfo: (info: QuickInfo) => string;
  /** tslab's display functions send through this slot. */
  readonly displaySlot: { lastWriteDisplayData: DisplayWriter | null };
};

/** How tslab's own display functions hand over a bundle. */
export type DisplayWriter = (
  message: { data: Record<string, unknown>; metadata: Record<string, unknown>; transient: Record<string, unknown> },
  update: boolean | undefined,
) => void;

/** Marks, at the end of compiled code, the pair of source maps it came with. */
export const MAPS_MARK = "//# kintsugi-maps=";

/**
 * Loads tslab from beside this file, never from the notebook's folder.
 *
 * Its compiler is bent: both stages keep source maps, shorthand properties find names of earlier cells, and `await` in
 * cells goes through `guard`, so that an interrupt reaches code that waits.
 *
 * @param keepMaps receives the maps of both stages (as JSON) and returns the name to mark the code with
 * @param guard builds the transformer of the second stage
 * @returns the modules
 * @throws Error when tslab is missing or is not version 1.0.22
 */
export function loadTslab(
  keepMaps: (first: string, second: string) => string,
  guard: (ts: TypeScript) => typescript.TransformerFactory<typescript.SourceFile>,
): Tslab {
  const here = createRequire(import.meta.url);
  const version: unknown = here("tslab/package.json").version;
  if (version !== "1.0.22") throw new Error(`this kernel needs tslab 1.0.22 and found ${String(version)}`);
  const beside = createRequire(here.resolve("tslab/package.json"));
  const path = beside.resolve("@tslab/typescript-for-tslab");
  const original = beside(path) as TypeScript;
  const bent = { ...original, ...bend(original, keepMaps, guard) } as TypeScript;
  here.cache[path]!.exports = bent;
  const converter = beside("./dist/converter");
  return {
    typescript: original,
    createConverter: converter.createConverter,
    isCompleteCode: converter.isCompleteCode,
    createExecutor: beside("./dist/executor").createExecutor,
    printQuickInfo: beside("./dist/inspect").printQuickInfo,
    displaySlot: beside("./dist/jupyter"),
  };
}

const INLINE_MAP = /\n\/\/# sourceMappingURL=data:application\/json;base64,([\w+/=]+)\s*$/;

function bend(
  ts: TypeScript,
  keepMaps: (first: string, second: string) => string,
  guard: (ts: TypeScript) => typescript.TransformerFactory<typescript.SourceFile>,
): Partial<TypeScript> {
  const createWatchCompilerHost = (...parts: unknown[]): unknown => {
    const [files, options, ...rest] = parts;
    const create = ts.createWatchCompilerHost as unknown as (...parts: unknown[]) => object;
    const host = create(files, { ...(options as object), inlineSourceMap: true }, ...rest);
    mendShorthand(ts, host);
    return host;
  };
  const transpileModule: TypeScript["transpileModule"] = (source, options) => {
    const first = INLINE_MAP.exec(source);
    if (first === null) return ts.transpileModule(source, options);
    const result = ts.transpileModule(source.slice(0, first.index), {
      ...options,
      compilerOptions: { ...options.compilerOptions, inlineSourceMap: true },
      transformers: { before: [guard(ts)] },
    });
    const second = INLINE_MAP.exec(result.outputText);
    if (second === null) return result;
    const name = keepMaps(json(first[1]), json(second[1]));
    return { ...result, outputText: `${result.outputText.slice(0, second.index)}\n${MAPS_MARK}${name}` };
  };
  return { createWatchCompilerHost: createWatchCompilerHost as TypeScript["createWatchCompilerHost"], transpileModule };
}

function json(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}
