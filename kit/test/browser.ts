/** `npm run test:browser`: the notebooks in a real JupyterLab, in headless Chromium. Ends with `N passed, N failed`. */
import { cpSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { UserError } from "../errors.js";
import {
  completionWorks,
  figuresAreInteractive,
  interruptStops,
  liveFigureMoves,
  must,
  ranWithoutError,
  stoppedAtFirstError,
} from "./browserChecks.js";
import { LabPage } from "./browserLab.js";
import { type Lab, ROOT, startBrowser, startLab } from "./browserServer.js";

const NOTEBOOK_MS = 600_000;
const COURSE = ["00", "01", "02"];
const totals = { passed: 0, failed: 0 };

main().then(
  () => {
    process.stdout.write(`${totals.passed} passed, ${totals.failed} failed\n`);
    process.exit(totals.failed > 0 ? 1 : 0);
  },
  (error: unknown) => {
    process.stderr.write(
      `${error instanceof UserError ? error.message : error instanceof Error ? error.stack : String(error)}\n`,
    );
    process.stdout.write(`${totals.passed} passed, ${totals.failed + 1} failed\n`);
    process.exit(1);
  },
);

async function main(): Promise<void> {
  const notebooks = join(ROOT, "notebooks");
  const course = readdirSync(notebooks).filter(
    (name) => name.endsWith(".ipynb") && COURSE.some((n) => name.startsWith(n)),
  );
  // JupyterLab saves what it runs: the check works on copies. They stand beside the originals, which read data by
  // relative paths.
  const prefix = `check-${process.pid}-`;
  const fixtures = join(ROOT, "kit", "test", "fixtures");
  for (const name of readdirSync(fixtures)) cpSync(join(fixtures, name), join(notebooks, prefix + name));
  for (const name of course) cpSync(join(notebooks, name), join(notebooks, prefix + name));
  const clear = (): void => {
    for (const name of readdirSync(notebooks).filter((n) => n.startsWith(prefix))) rmSync(join(notebooks, name));
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => {
      clear();
      process.exit(130);
    });
  let lab: Lab | undefined;
  let browser: Browser | undefined;
  try {
    lab = await startLab(await freePort());
    browser = await startBrowser();
    await checkAll(browser, lab, prefix, course);
  } finally {
    await browser?.close();
    await lab?.stop();
    clear();
  }
}

async function checkAll(browser: Browser, lab: Lab, prefix: string, course: readonly string[]): Promise<void> {
  const outside: string[] = [];
  const scriptErrors: string[] = [];
  const within = async <T>(name: string, use: (page: LabPage) => Promise<T>): Promise<T> => {
    const page = await LabPage.open(browser, lab, prefix + name);
    try {
      return await use(page);
    } catch (error) {
      if (process.env.KINTSUGI_SHOTS)
        await page.page.screenshot({ path: join(process.env.KINTSUGI_SHOTS, `${name}.png`) });
      throw error;
    } finally {
      outside.push(...page.outside);
      scriptErrors.push(...page.scriptErrors);
      await page.close();
    }
  };
  for (const name of ["displays.ipynb", ...course]) {
    await check(`${name} runs from top to bottom, its figures are interactive`, () =>
      within(name, async (page) => {
        await page.runAll(NOTEBOOK_MS);
        const saved = await page.saved();
        ranWithoutError(saved);
        return `${await figuresAreInteractive(page, saved)} figures`;
      }),
    );
  }
  await check("a live figure redraws in place", () => within("displays.ipynb", liveFigureMoves));
  await check("completion and inspection work", () => within("completion.ipynb", completionWorks));
  await check("interrupt stops busy loops within 2 s", () =>
    within("busy.ipynb", async (page) => `longest ${await interruptStops(page)} ms`),
  );
  await check("Run All stops at the first error", () =>
    within("errors.ipynb", async (page) => {
      await page.runAll(30_000);
      stoppedAtFirstError(await page.saved());
    }),
  );
  await check("cells are highlighted as TypeScript, a restarted kernel starts empty", () =>
    within("completion.ipynb", async (page) => {
      const language = await page.cells.first().locator(".cm-content").getAttribute("data-language");
      must(language === "typescript", `the editor's language is ${language}`);
      await page.startCell(0);
      await page.idle(30_000);
      await page.menu("Kernel", "kernelmenu:restart");
      await page.page.locator(".jp-Dialog .jp-mod-accept").click();
      await page.page.waitForTimeout(1_500);
      await page.idle(30_000);
      await page.startCell(0);
      await page.cells.first().locator(".jp-InputPrompt", { hasText: "[1]" }).waitFor({ timeout: 20_000 });
    }),
  );
  await check("no request leaves this machine", async () => {
    must(outside.length === 0, `requests to ${[...new Set(outside)].slice(0, 5).join(", ")}`);
  });
  await check("no script in the page fails", async () => {
    must(scriptErrors.length === 0, [...new Set(scriptErrors)].slice(0, 5).join(" · "));
  });
}

/** One check; words after the command choose those whose names contain them. */
async function check(name: string, work: () => Promise<unknown>): Promise<void> {
  const chosen = process.argv.slice(2);
  if (chosen.length > 0 && !chosen.some((word) => name.includes(word))) return;
  const began = Date.now();
  const seconds = (): string => `${((Date.now() - began) / 1000).toFixed(1)} s`;
  try {
    const note = await work();
    totals.passed++;
    process.stdout.write(`✓ ${name} · ${seconds()}${note === undefined ? "" : ` · ${note}`}\n`);
  } catch (error) {
    totals.failed++;
    process.stdout.write(`✗ ${name} · ${seconds()}\n    ${error instanceof Error ? error.message : String(error)}\n`);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
