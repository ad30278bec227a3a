import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/**
 * A kernelspec of tslab as it comes from npm, under the name notebooks ask for.
 *
 * @param folder where to put it
 * @returns the variables with which Jupyter finds it, and not ours
 */
export function stockTslab(folder: string): Record<string, string> {
  const tslab = dirname(createRequire(import.meta.url).resolve("tslab/package.json"));
  const data = join(folder, "stock-jupyter");
  const spec = {
    argv: [process.execPath, join(tslab, "bin", "tslab"), "kernel", "--config-path", "{connection_file}"],
    display_name: "TypeScript",
    language: "typescript",
  };
  mkdirSync(join(data, "kernels", "tslab"), { recursive: true });
  writeFileSync(join(data, "kernels", "tslab", "kernel.json"), JSON.stringify(spec));
  return { JUPYTER_PATH: data, JUPYTER_DATA_DIR: data };
}
