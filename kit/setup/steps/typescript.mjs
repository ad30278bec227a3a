import { existsSync } from "node:fs";
import { join } from "node:path";
import { filesBelow, fingerprint } from "../core/fingerprint.mjs";
import { must } from "../core/run.mjs";

/** @type {import("../core/steps.mjs").Step} */
export const typescriptStep = {
  id: "typescript",
  title: "TypeScript build",
  fingerprint: ({ root, kit, modules }) =>
    fingerprint({
      files: [
        ...filesBelow(kit, (name) => name.endsWith(".ts")),
        join(root, "tsconfig.json"),
        join(kit, "package.json"),
        join(modules, "typescript", "package.json"),
      ],
    }),
  intact: ({ dist }) => existsSync(join(dist, ".tsbuildinfo")),
  async run({ root, modules }, { log }) {
    // By path: node_modules/.bin/tsc belongs to the compiler tslab brings along.
    await must(process.execPath, [join(modules, "typescript", "bin", "tsc"), "--pretty", "false"], {
      cwd: root,
      log,
      progress: () => "compiling kit/ to kit/dist/",
      why: "TypeScript found errors in kit/",
      type: "npm run build, which lists them all",
    });
  },
};
