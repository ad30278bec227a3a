import { join } from "node:path";
import { entry } from "./core/entry.mjs";
import { project } from "./core/project.mjs";
import { must } from "./core/run.mjs";
import { bold, say } from "./core/screen.mjs";
import { runVitest, verdict } from "./report/vitest.mjs";
import { setUp } from "./steps/index.mjs";
import { npmCommand } from "./steps/npm-packages.mjs";

/** The other Nodes the kit says it runs on; npm carries their binaries. */
const MAJORS = ["20", "22", "24"].filter((major) => major !== process.versions.node.split(".")[0]);

/** What differs between Nodes: loading the addon and TensorFlow.js, the kernel's compiler and sockets, the command line. */
const TESTS = ["kit/engine", "kit/notebook", "kit/cli"];

/** `npm run check:nodes [-- vitest's arguments]`: the engine's, the kernel's and the command line's tests in other Nodes. */
await entry(async () => {
  await setUp(project);
  const total = { passed: 0, failed: 0 };
  const args = process.argv.slice(2);
  for (const major of MAJORS) {
    const node = await fetchNode(major);
    say(`\n${bold(`── Node ${major}`)}`);
    const counts = await runVitest(project, args.length > 0 ? args : TESTS, node);
    say(`Node ${major}: ${verdict(counts)}`);
    total.passed += counts.passed;
    total.failed += counts.failed;
  }
  say(verdict(total));
  return total.failed > 0 ? 1 : 0;
});

/** Bring a Node here, and hand back its path. */
async function fetchNode(/** @type {string} */ major) {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(project.cache, "nodes", major);
  const [command, ...before] = npmCommand();
  await must(command, [...before, "install", "--prefix", folder, "--no-save", "--ignore-scripts", `${name}@${major}`], {
    env: { ...process.env, npm_config_cache: join(project.cache, "npm") },
    progress: () => `fetching Node ${major}`,
    why: `npm could not fetch ${name}@${major}`,
    type: "the command again when the network is back",
  });
  return join(folder, "node_modules", name, "bin", "node");
}
