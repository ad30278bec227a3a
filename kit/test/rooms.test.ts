/** The architecture is a test: imports point along the arrows of the table in kit/README.md, and files stay small. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, extname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import typescript from "typescript";
import { describe, expect, it } from "vitest";

const kit = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** Rooms and files of the kit by name, each with what its row of the table says it may import. */
const table = new Map(
  [...readFileSync(join(kit, "README.md"), "utf8").matchAll(/^\| (`[^|]*) \| [^|]* \| ([^|]*) \|$/gm)].flatMap(
    ([, names, imports]) => [...names.matchAll(/`([^`/]+)\/?`/g)].map(([, name]) => [name, imports.trim()] as const),
  ),
);

/** The rooms a room may import, beside itself and the errors that all share. */
function allowed(room: string): Set<string> {
  const rooms = [...table.keys()];
  const words = table.get(room)!.split(/,\s*/);
  const named = words.flatMap((word) => {
    if (word === "all") return [...rooms, "index.ts"];
    if (word === "all above") return rooms.slice(0, rooms.indexOf(room));
    return rooms.includes(word) ? [word] : [];
  });
  return new Set([...named, room, ...(room === "setup" ? [] : ["errors.ts"])]);
}

type Source = { readonly file: string; readonly room: string; readonly text: string };

const sources: Source[] = readdirSync(kit, { recursive: true, encoding: "utf8" })
  .filter((file) => /\.(ts|mjs|cc|h)$/.test(file) && !/(^|[/\\])(dist|node_modules)[/\\]/.test(file))
  .map((file) => ({ file, room: file.split(sep)[0], text: readFileSync(join(kit, file), "utf8") }));

const scripts = sources.filter(({ file }) => /\.(ts|mjs)$/.test(file));

/** Tests and their helpers stand outside the order of rooms: they may compare anything with anything. */
const isTest = (file: string): boolean => /(\.test\.ts|^test[/\\].*|(^|[/\\])testing[/\\].*)$/.test(file);

function importsOf({ text }: Source): string[] {
  return typescript.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
}

describe("rooms", () => {
  it("all have a row in the table", () => {
    // The list of rooms and the committed bin belong to the package, not to a room.
    const free = new Set(["index.ts", "kintsugi.mjs"]);
    expect([...new Set(sources.map(({ room }) => room))].filter((room) => !table.has(room) && !free.has(room))).toEqual(
      [],
    );
    expect(table.size).toBeGreaterThan(10);
  });

  it("import only the rooms their row names", () => {
    const wrong = scripts
      .filter(({ room, file }) => table.has(room) && !isTest(file))
      .flatMap((source) =>
        importsOf(source)
          .filter((name) => name.startsWith("."))
          .map((name) => relative(kit, resolve(kit, dirname(source.file), name)).replace(/\.js$/, ".ts"))
          .filter((target) => isTest(target) || !allowed(source.room).has(target.split(sep)[0]))
          .map((target) => `${source.file} imports ${target}`),
      );
    expect(wrong).toEqual([]);
  });

  it("import no room under the name of the package, and TensorFlow.js only in the engine's door", () => {
    const named = scripts.flatMap((source) => importsOf(source).map((name) => `${source.file} imports ${name}`));
    expect(named.filter((line) => /imports kintsugi/.test(line))).toEqual([]);
    const doors = named.filter((line) => /imports @tensorflow/.test(line) && !/^test[/\\]laws[/\\]programs/.test(line));
    expect(doors.map((line) => line.replaceAll("\\", "/"))).toEqual([
      "engine/tensorflow.ts imports @tensorflow/tfjs-node-gpu",
      "engine/tensorflow.ts imports @tensorflow/tfjs-node-gpu",
      // What danfojs-node takes for its own TensorFlow.
      "shims/tfjs-node/index.d.ts imports @tensorflow/tfjs-node-gpu",
    ]);
  });

  it("need nothing installed for setup", () => {
    const needed = scripts.filter(({ room, file }) => room === "setup" && extname(file) === ".mjs").flatMap(importsOf);
    expect(needed.filter((name) => !/^(\.|node:)/.test(name))).toEqual([]);
  });

  it("only re-export in their index", () => {
    const indices = scripts.filter(({ file }) => /(^|[/\\])index\.ts$/.test(file));
    const wrong = indices.filter(({ text }) => {
      const { statements } = typescript.createSourceFile("index.ts", text, typescript.ScriptTarget.Latest);
      return !statements.every(typescript.isExportDeclaration);
    });
    expect(wrong.map(({ file }) => file)).toEqual([]);
  });
});

describe("files", () => {
  it("have at most 300 lines", () => {
    const long = sources.map(({ file, text }) => `${file}: ${text.split("\n").length - 1}`);
    expect(long.filter((line) => Number(line.split(": ")[1]) > 300)).toEqual([]);
  });

  it("never use the type any", () => {
    const found = scripts.filter(({ file, text }) => {
      const parsed = typescript.createSourceFile(file, text, typescript.ScriptTarget.Latest);
      const has = (node: typescript.Node): boolean =>
        node.kind === typescript.SyntaxKind.AnyKeyword ||
        typescript.forEachChild(node, (child) => has(child) || undefined) === true;
      return has(parsed);
    });
    expect(found.map(({ file }) => file)).toEqual([]);
  });

  it("import each other without going round in a circle", () => {
    const graph = new Map(scripts.map((source) => [source.file, valueImports(source)] as const));
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(" → "));
      if (path.includes(file) || done.has(file)) return;
      for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
      done.add(file);
    };
    for (const file of graph.keys()) visit(file, []);
    expect(circles).toEqual([]);
  });
});

/** The files a file imports values from, when it is loaded. */
function valueImports({ file, text }: Source): string[] {
  const { statements } = typescript.createSourceFile(file, text, typescript.ScriptTarget.Latest);
  return statements.flatMap((statement) => {
    const types = typescript.isImportDeclaration(statement)
      ? statement.importClause?.isTypeOnly === true
      : typescript.isExportDeclaration(statement) && statement.isTypeOnly;
    if (types || !(typescript.isImportDeclaration(statement) || typescript.isExportDeclaration(statement))) return [];
    const from = statement.moduleSpecifier;
    if (from === undefined || !typescript.isStringLiteral(from) || !from.text.startsWith(".")) return [];
    return [relative(kit, resolve(kit, dirname(file), from.text)).replace(/\.js$/, ".ts")];
  });
}
