/** One JupyterLab page, driven as a reader drives it: menus, keys and the mouse. */
import type { Browser, Locator, Page } from "playwright-core";
import type { Notebook } from "../notebook/check/notebookFile.js";
import type { Lab } from "./browserServer.js";

const OPEN_MS = 90_000;
const POLL_MS = 50;

/** An open notebook. */
export class LabPage {
  readonly page: Page;
  /** Requests that left 127.0.0.1. */
  readonly outside: string[] = [];
  /** Errors of scripts in the page. */
  readonly scriptErrors: string[] = [];
  readonly #lab: Lab;
  readonly #path: string;

  private constructor(page: Page, lab: Lab, path: string) {
    this.page = page;
    this.#lab = lab;
    this.#path = path;
    page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(lab.origin) && !/^(data|blob):/.test(url)) this.outside.push(url);
    });
    page.on("websocket", (socket) => {
      if (!socket.url().startsWith(lab.origin.replace("http", "ws"))) this.outside.push(socket.url());
    });
    page.on("pageerror", (error) => this.scriptErrors.push(String(error)));
  }

  /**
   * Opens a notebook in a page of its own and waits for an idle kernel.
   *
   * @param browser the browser
   * @param lab the server
   * @param path below the server's root
   */
  static async open(browser: Browser, lab: Lab, path: string): Promise<LabPage> {
    // High enough that JupyterLab puts every cell of a short notebook into the page.
    const page = await browser.newPage({ viewport: { width: 1300, height: 3000 } });
    const opened = new LabPage(page, lab, path);
    await page.goto(`${lab.origin}/lab/tree/${path}?token=${lab.token}&reset`);
    await page.locator(".jp-Notebook .jp-Cell").first().waitFor({ timeout: OPEN_MS });
    // Until the session is there the indicator says idle too, and Run All would ask for a kernel.
    await page
      .locator(".jp-NotebookPanel-toolbar .jp-KernelName", { hasText: "TypeScript" })
      .waitFor({ timeout: OPEN_MS });
    await page.locator("#jp-main-statusbar", { hasText: /\| Idle/ }).waitFor({ timeout: OPEN_MS });
    await opened.idle(OPEN_MS);
    return opened;
  }

  /** The code cells in the page. */
  get cells(): Locator {
    return this.page.locator(".jp-Notebook .jp-CodeCell");
  }

  /** Waits until the kernel is idle and no cell waits for it. */
  async idle(timeout: number): Promise<void> {
    const indicator = this.page.locator('.jp-NotebookPanel .jp-Notebook-ExecutionIndicator[data-status="idle"]');
    const deadline = Date.now() + timeout;
    for (let quiet = 0; quiet < 4; ) {
      const busy = (await indicator.count()) === 0 || (await this.#starred()) > 0;
      quiet = busy ? 0 : quiet + 1;
      if (Date.now() > deadline) throw new Error(`${this.#path}: the kernel was not idle after ${timeout / 1000} s`);
      await this.page.waitForTimeout(POLL_MS);
    }
  }

  /** Chooses a command of the menu bar. */
  async menu(name: string, command: string): Promise<void> {
    await this.page.locator(".lm-MenuBar-itemLabel", { hasText: new RegExp(`^${name}$`) }).click();
    await this.page.locator(`.lm-Menu li[data-command="${command}"]`).first().click();
  }

  /** Run All Cells, without waiting for the end. */
  async startAll(): Promise<void> {
    await this.menu("Run", "runmenu:run-all");
  }

  /** Run All Cells, to the end. */
  async runAll(timeout: number): Promise<void> {
    await this.startAll();
    await this.page.waitForTimeout(300);
    await this.idle(timeout);
  }

  /** Selects a code cell and runs it, without waiting for the end. */
  async startCell(index: number): Promise<void> {
    await this.cells.nth(index).locator(".cm-content").click();
    await this.page.keyboard.press("Control+Enter");
  }

  /** Throws with the text of a dialog that covers the page. */
  async noDialog(): Promise<void> {
    const dialog = this.page.locator(".jp-Dialog").first();
    if ((await dialog.count()) > 0) throw new Error(`JupyterLab asks: ${await dialog.textContent()}`);
  }

  /** Saves the notebook and reads it back from the server. */
  async saved(): Promise<Notebook> {
    await this.page
      .locator(".jp-NotebookPanel")
      .first()
      .click({ position: { x: 5, y: 5 } });
    await this.menu("File", "docmanager:save");
    await this.page.waitForTimeout(1_000);
    const response = await this.page.request.get(
      `${this.#lab.origin}/api/contents/${this.#path}?content=1&token=${this.#lab.token}`,
    );
    const { content } = (await response.json()) as { content: Notebook };
    return content;
  }

  /** Closes the page and ends the notebook's kernel: a page opened later would get the old one. */
  async close(): Promise<void> {
    const { request } = this.page;
    const sessions = `${this.#lab.origin}/api/sessions`;
    const headers = { Authorization: `token ${this.#lab.token}` };
    const all = (await (await request.get(sessions, { headers })).json()) as { id: string; path: string }[];
    for (const { id } of all.filter(({ path }) => path === this.#path)) {
      await request.delete(`${sessions}/${id}`, { headers });
    }
    await this.page.close();
  }

  async #starred(): Promise<number> {
    return this.page.locator(".jp-Notebook .jp-InputPrompt", { hasText: "[*]" }).count();
  }
}
