import { entry } from "./core/entry.mjs";
import { messageOf, SetupFailure } from "./core/failure.mjs";
import { project } from "./core/project.mjs";
import { bold, complain, duration, green, red, say } from "./core/screen.mjs";
import { CHECKS } from "./report/checks.mjs";
import { verdict } from "./report/vitest.mjs";
import { setUp } from "./steps/index.mjs";

/**
 * `npm run check`, and what CI runs: the set-up, then every check, also after one failed. The last line counts every
 * test, and each other check as one.
 */
await entry(async () => {
  await setUp(project);
  const total = { passed: 0, failed: 0 };
  /** @type {string[]} */
  const summary = [];
  for (const check of CHECKS) {
    say(`\n${bold(`── ${check.name}`)}`);
    const began = performance.now();
    const counts = await outcome(check);
    total.passed += counts.passed;
    total.failed += counts.failed;
    const line = `${counts.failed === 0 ? green("✓") : red("✗")} ${check.name} · ${duration(performance.now() - began)}`;
    say(line);
    summary.push(line);
  }
  say(`\n${summary.join("\n")}`);
  say(verdict(total));
  return total.failed > 0 ? 1 : 0;
});

/** @returns {Promise<{ passed: number, failed: number }>} */
async function outcome(/** @type {import("./report/checks.mjs").Check} */ check) {
  try {
    const result = await check.run(project);
    if (typeof result !== "boolean") return result;
    return { passed: result ? 1 : 0, failed: result ? 0 : 1 };
  } catch (error) {
    const remedy = error instanceof SetupFailure && error.type !== undefined ? `. ${error.type}` : "";
    complain(`${messageOf(error)}${remedy}`);
    return { passed: 0, failed: 1 };
  }
}
