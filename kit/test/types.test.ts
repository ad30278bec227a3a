/** The public declarations compile under the compiler of the notebook kernel, which is years older than ours. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type TypeScript from "typescript";
import { describe, expect, it } from "vitest";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..", "..");
const typescript = createRequire(import.meta.url)("@tslab/typescript-for-tslab") as typeof TypeScript;

/** A cell as a reader writes it, with one mistake that only real types can see. */
const cell = `
import { engine, generate, lab, measure, model, text, train, UserError, weights } from "kintsugi";

const config: model.ModelConfig = model.llama({ vocab: 64, width: 16, depth: 2, heads: 2, hidden: 32, context: 32 });
const { params } = model.init(config, 0);
const loss = engine.compile((p: typeof params, ids: engine.Tensor) =>
  engine.valueAndGradient((q) => train.nextTokenLoss({ config, params: q }, ids, ids), p),
);
export const paths: string[] = engine.tree.entries<engine.Tensor>(params).map(([path]) => path);
export const report: readonly engine.TraceReport[] = loss.traces;
export async function story(): Promise<model.Model<engine.Tensor>> {
  const loaded = await weights.load("pico");
  return loaded.model;
}
export async function rows(): Promise<number> {
  return (await lab.frame(new lab.Archive().records())).shape[0];
}
export { generate, measure, text, UserError };
const mistake: string = model.countParameters(config);
`;

/** Packages whose own declarations do not hold when libraries are checked: `lab.frame` gives data frames of the first. */
const unsound = /^node_modules.(danfojs-node|plotly\.js-dist-min)\b/;

describe("the public declarations", () => {
  it("compile under tslab's own compiler, libraries checked", () => {
    const declarations = join(root, "kit", "dist", "index.d.ts");
    expect(existsSync(declarations), "kit/dist is missing: npm run build").toBe(true);
    const file = join(root, "cell.ts");
    // The options of tslab 1.0.22, except those it sets to see less: libraries are checked, and strictly.
    const options: TypeScript.CompilerOptions = {
      module: typescript.ModuleKind.ESNext,
      moduleResolution: typescript.ModuleResolutionKind.Node10,
      esModuleInterop: true,
      target: typescript.ScriptTarget.ES2022,
      lib: ["lib.es2022.d.ts"],
      skipLibCheck: false,
      strict: true,
      noEmit: true,
      types: ["node"],
    };
    const host = typescript.createCompilerHost(options);
    const { readFile, fileExists, getSourceFile } = host;
    host.readFile = (name) => (name === file ? cell : readFile(name));
    host.fileExists = (name) => name === file || fileExists(name);
    host.getSourceFile = (name, ...rest) =>
      name === file ? typescript.createSourceFile(name, cell, rest[0]) : getSourceFile(name, ...rest);
    host.getCurrentDirectory = () => root;

    const program = typescript.createProgram([file], options, host);
    const found = typescript.getPreEmitDiagnostics(program).flatMap(({ file, messageText }) => {
      const where = file === undefined ? "" : relative(root, file.fileName);
      return unsound.test(where) ? [] : [`${where}: ${typescript.flattenDiagnosticMessageText(messageText, " ")}`];
    });
    expect(found).toEqual(["cell.ts: Type 'number' is not assignable to type 'string'."]);
    const rooms = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(join(root, "kit", "dist")));
    expect(rooms.length).toBeGreaterThan(50);
  });
});
