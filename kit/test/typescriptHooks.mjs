import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import typescript from "typescript";

/** A source names its neighbour `./x.js`, as the build needs it; the file is `./x.ts`. */
export function resolve(specifier, context, next) {
  if (/^\.\.?\/.*\.js$/.test(specifier) && context.parentURL?.endsWith(".ts")) {
    const source = new URL(specifier.replace(/\.js$/, ".ts"), context.parentURL);
    if (existsSync(fileURLToPath(source))) return { url: source.href, format: "module", shortCircuit: true };
  }
  return next(specifier, context);
}

export function load(url, context, next) {
  if (!url.startsWith("file:") || !url.endsWith(".ts")) return next(url, context);
  const { outputText } = typescript.transpileModule(readFileSync(fileURLToPath(url), "utf8"), {
    compilerOptions: { target: "ES2022", module: "ESNext", inlineSourceMap: true },
    fileName: fileURLToPath(url),
  });
  return { format: "module", source: outputText, shortCircuit: true };
}
