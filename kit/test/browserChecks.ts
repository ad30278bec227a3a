/** What has to hold in a browser. Each check throws with a sentence when it does not. */
import { type Cell, joined, type Notebook } from "../notebook/check/notebookFile.js";
import { PLOTLY_MIME } from "../notebook/figure/figure.js";
import type { LabPage } from "./browserLab.js";

const INTERRUPT_MS = 2_000;

/** Throws unless a condition holds. */
export function must(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise);
}

/** Every code cell ran and none failed. */
export function ranWithoutError(notebook: Notebook): void {
  for (const cell of codeCells(notebook)) {
    const first = joined(cell.source).split("\n")[0];
    const error = cell.outputs?.find(({ output_type }) => output_type === "error");
    must(error === undefined, `“${first}” raised ${error?.ename}: ${error?.evalue}`);
    must(typeof cell.execution_count === "number", `“${first}” did not run`);
  }
}

/** Every figure is drawn by Plotly and answers the mouse. Returns how many there are. */
export async function figuresAreInteractive(lab: LabPage, notebook: Notebook): Promise<number> {
  const expected = codeCells(notebook)
    .flatMap(({ outputs = [] }) => outputs)
    .filter(({ data = {} }) => PLOTLY_MIME in data).length;
  const plots = lab.page.locator(".jp-RenderedPlotly .js-plotly-plot:has(.main-svg)");
  const deadline = Date.now() + 20_000;
  while ((await plots.count()) < expected && Date.now() < deadline) await lab.page.waitForTimeout(100);
  must((await plots.count()) === expected, `${expected} figures and ${await plots.count()} interactive ones`);
  for (let i = 0; i < expected; i++) {
    const plot = plots.nth(i);
    await plot.scrollIntoViewIfNeeded();
    const drag = plot.locator(".nsewdrag").first();
    if ((await drag.count()) === 0) continue;
    must(
      await hovers(lab, plot.locator(".hoverlayer .hovertext, .hoverlayer .legend"), drag),
      `figure ${i + 1} does not answer the mouse`,
    );
  }
  return expected;
}

/** Moves the mouse across a plot until a label appears. */
async function hovers(
  lab: LabPage,
  label: import("playwright-core").Locator,
  drag: import("playwright-core").Locator,
): Promise<boolean> {
  const box = await drag.boundingBox();
  if (box === null) return false;
  for (let x = 0.02; x < 1; x += 0.08) {
    for (const y of [0.5, 0.15, 0.85, 0.97]) {
      await lab.page.mouse.move(box.x + box.width * x, box.y + box.height * y, { steps: 2 });
      await lab.page.waitForTimeout(60);
      if ((await label.count()) > 0) return true;
    }
  }
  return false;
}

/** A live figure redraws in place while its cell runs: the same element, a different line. */
export async function liveFigureMoves(lab: LabPage): Promise<void> {
  await lab.startAll();
  const lines = new Set<string>();
  const marks = new Set<string>();
  const plot = lab.page.locator(".jp-Notebook .js-plotly-plot").last();
  for (let i = 0; i < 200; i++) {
    const sample = await plot
      .evaluate(
        (element) => {
          element.id ||= `live-${Math.floor(performance.now())}`;
          return [
            element.querySelector(".gtitle")?.textContent,
            element.querySelector(".js-line")?.getAttribute("d"),
            element.id,
          ];
        },
        undefined,
        { timeout: 1_000 },
      )
      .catch(() => [undefined, undefined, undefined]);
    const [title, line, mark] = sample;
    if (title?.includes("Live") && line && mark) {
      lines.add(line);
      marks.add(mark);
    }
    if (lines.size >= 8) break;
    await lab.page.waitForTimeout(40);
  }
  must(lines.size >= 5, `the live figure showed ${lines.size} different lines, expected at least 5`);
  must(marks.size === 1, `the live figure was replaced ${marks.size - 1} times instead of redrawn`);
}

/** Tab completes a member; Shift+Tab shows a signature inside a call. */
export async function completionWorks(lab: LabPage): Promise<void> {
  const { page } = lab;
  await lab.startCell(0);
  await lab.idle(30_000);
  const last = lab.cells.nth(1).locator(".cm-content");
  await last.click();
  await page.keyboard.press("Control+End");
  await page.keyboard.press("Tab");
  const items = page.locator(".jp-Completer .jp-Completer-item");
  await items.first().waitFor({ timeout: 10_000 });
  const texts = (await items.allInnerTexts()).join(" ");
  must(/loss/.test(texts) && /accuracy/.test(texts), `completion offered: ${texts}`);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+a");
  await page.keyboard.type("scale(figures.loss, ");
  await page.keyboard.press("Shift+Tab");
  const tooltip = page.locator(".jp-Tooltip");
  await tooltip.waitFor({ timeout: 10_000 });
  const shown = (await tooltip.textContent()) ?? "";
  must(shown.includes("function scale(values: number[], factor: number)"), `the tooltip showed: ${shown}`);
}

/** The stop button ends busy loops, before and after an await; the kernel goes on. Returns the longest wait in ms. */
export async function interruptStops(lab: LabPage): Promise<number> {
  let longest = 0;
  for (const index of [0, 1]) {
    await lab.startCell(index);
    await lab.page.waitForTimeout(1_500);
    const began = Date.now();
    await lab.page.locator('.jp-NotebookPanel-toolbar [data-command="notebook:interrupt-kernel"]').first().click();
    await lab.cells.nth(index).locator(".jp-OutputArea", { hasText: "Interrupted" }).waitFor({ timeout: 20_000 });
    const took = Date.now() - began;
    longest = Math.max(longest, took);
    must(took <= INTERRUPT_MS, `the interrupt of cell ${index + 1} took ${took} ms`);
  }
  await lab.startCell(2);
  await lab.cells.nth(2).locator(".jp-OutputArea", { hasText: "true" }).waitFor({ timeout: 10_000 });
  return longest;
}

/** After Run All, cells behind the first error have not run. */
export function stoppedAtFirstError(notebook: Notebook): void {
  const [first, second, ...rest] = codeCells(notebook);
  must(first.outputs?.[0]?.output_type === "stream", "the first cell printed nothing");
  must(second.outputs?.at(-1)?.output_type === "error", "the second cell showed no error");
  for (const cell of rest) must((cell.outputs ?? []).length === 0, `“${joined(cell.source)}” ran after an error`);
}

function codeCells(notebook: Notebook): Cell[] {
  return notebook.cells.filter(({ cell_type, source }) => cell_type === "code" && joined(source).trim() !== "");
}
