import { entry } from "./core/entry.mjs";
import { project } from "./core/project.mjs";
import { say } from "./core/screen.mjs";
import { runVitest, verdict } from "./report/vitest.mjs";
import { setUp } from "./steps/index.mjs";

/** `npm test [-- vitest's arguments]`: the set-up, then every test. */
await entry(async () => {
  await setUp(project);
  const counts = await runVitest(project, process.argv.slice(2));
  if (counts.skipped > 0) say(`${counts.skipped} skipped: what they need is not on this machine (npm run doctor)`);
  say(verdict(counts));
  return counts.failed > 0 ? 1 : 0;
});
