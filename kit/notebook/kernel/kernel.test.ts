import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../../source/testing/folder.js";
import { KernelClient } from "./client.js";
import { errorOf, resultOf } from "./testing/runs.js";

const NOTEBOOKS = fileURLToPath(new URL("../../../notebooks", import.meta.url));
const folder = temporaryFolder();
let kernel: KernelClient;

beforeAll(async () => {
  kernel = await KernelClient.start(folder);
});
afterAll(async () => void (await kernel.stop()));

describe("cells", () => {
  it("answer with execute_input, execute_result and a count", async () => {
    const run = await kernel.execute("const base: number = 41;\nbase + 1");
    expect(run.published.map(({ type }) => type).filter((type) => type !== "status")).toEqual([
      "execute_input",
      "execute_result",
    ]);
    expect(resultOf(run)).toEqual({ "text/plain": "42" });
    expect(run.reply).toMatchObject({
      status: "ok",
      execution_count: run.published.find((p) => p.type === "execute_input")?.content.execution_count,
    });
    const next = await kernel.execute("base");
    expect(next.reply.execution_count).toBe(Number(run.reply.execution_count) + 1);
  });

  it("keep names, types and redeclarations across cells", async () => {
    await kernel.execute('const profile: "smoke" | "full" = "smoke";');
    const run = await kernel.execute('const profile: any = "full";');
    expect(run.reply.status).toBe("ok");
    expect(resultOf(await kernel.execute('profile === "smoke"'))).toEqual({ "text/plain": "false" });
  });

  it("use names of earlier cells in every position", async () => {
    await kernel.execute("const width = 4;\nfunction twice(x: number) { return 2 * x; }\nlet grows = 1;");
    const run = await kernel.execute(
      "grows += width;\nconst local = 1;\n[{ width, local, twice: twice(width) }].map(({ width }) => ({ width, grows }))",
    );
    expect(resultOf(run)).toEqual({ "text/plain": "[ { width: 4, grows: 5 } ]" });
    const assigned = await kernel.execute("({ grows } = { grows: 7 });\ngrows");
    expect(resultOf(assigned)).toEqual({ "text/plain": "7" });
  });

  it("iterate asynchronously at the top level", async () => {
    const run = await kernel.execute(
      "for await (const i of (async function* () { yield 1; yield 2; })()) console.log(i);",
    );
    expect(run.stdout).toBe("1\n2\n");
  });

  it("show values by their own display, also an asynchronous one, and what tslab displays", async () => {
    const own = await kernel.execute(
      '({ [Symbol.for("Jupyter.display")]: async () => ({ "text/html": "<b>x</b>", "text/plain": "x" }) })',
    );
    expect(resultOf(own)).toEqual({ "text/html": "<b>x</b>", "text/plain": "x" });
    const tslab = await kernel.execute('import { display } from "tslab";\ndisplay.html("<i>y</i>");');
    expect(tslab.published.find(({ type }) => type === "display_data")?.content).toMatchObject({
      data: { "text/html": "<i>y</i>" },
    });
  });

  it("import the built kit, its types and no warnings included", async () => {
    const own = await KernelClient.start(NOTEBOOKS);
    try {
      const run = await own.execute('import { notebook } from "kintsugi";\nnotebook.table([{ a: 1.5 }]).markdown');
      expect(errorOf(run)).toMatchObject({ ename: "undefined" });
      expect(run.reply.status).toBe("ok");
      expect(run.stderr).toBe("");
      const wrong = await own.execute("notebook.table(3)");
      expect(errorOf(wrong).ename).toBe("TypeScriptError");
    } finally {
      await own.stop();
    }
  });

  it("cannot end the kernel", async () => {
    const run = await kernel.execute("process.exit(3)");
    expect(errorOf(run).evalue).toContain("would stop the kernel");
    expect((await kernel.execute("1")).reply.status).toBe("ok");
  });
});

describe("the queue", () => {
  it("stops at the first error and goes on afterwards", async () => {
    const cells = ['console.log("one")', 'throw new Error("two")', 'console.log("three")', 'console.log("four")'];
    const runs = await Promise.all(cells.map((code) => kernel.execute(code)));
    expect(runs.map(({ reply }) => reply.status)).toEqual(["ok", "error", "aborted", "aborted"]);
    expect(runs.map(({ stdout }) => stdout)).toEqual(["one\n", "", "", ""]);
    expect((await kernel.execute("5")).reply.status).toBe("ok");
  });

  it("goes on after an error when asked to", async () => {
    const first = kernel.execute('throw new Error("x")', { stop_on_error: false });
    const second = kernel.execute("2");
    expect((await first).reply.status).toBe("error");
    expect((await second).reply.status).toBe("ok");
  });

  it("aborts what arrived while a cell blocked the kernel", async () => {
    const blocked = kernel.execute(
      'const until = Date.now() + 400;\nwhile (Date.now() < until);\nthrow new Error("x")',
    );
    await new Promise((resolve) => setTimeout(resolve, 150));
    const late = kernel.execute('console.log("must not run")');
    expect((await blocked).reply.status).toBe("error");
    expect((await late).reply.status).toBe("aborted");
  });

  it("answers other requests while a cell waits", async () => {
    const cell = kernel.execute("await new Promise((resolve) => setTimeout(resolve, 400));\n'end'");
    const began = Date.now();
    await kernel.request("kernel_info_request", {});
    expect(Date.now() - began).toBeLessThan(300);
    expect((await cell).reply.status).toBe("ok");
  });
});

describe("output", () => {
  it("of 20,000 lines arrives whole and in order", async () => {
    const run = await kernel.execute("for (let i = 0; i < 20_000; i++) console.log('line', i);");
    expect(run.stdout).toBe(Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`).join(""));
    expect(run.published.length).toBeLessThan(200);
  });

  it("is not lost when the client's subscription comes after its first request", async () => {
    const late = await KernelClient.launch(folder, 2_500);
    const { published } = await late.execute('console.log("heard")');
    expect(published.filter(({ type }) => type === "stream").map(({ content }) => content.text)).toEqual(["heard\n"]);
    await late.stop();
  });

  it("printed before a blocking call is seen before it ends", async () => {
    const cell = kernel.execute(
      'console.log("a");\nconsole.log("starting");\nconst end = Date.now() + 1_500;\nwhile (Date.now() < end);',
    );
    const began = Date.now();
    while (!kernel.log.some(({ content }) => String(content.text).includes("starting")))
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(Date.now() - began).toBeLessThan(1_400);
    await cell;
  });

  it("keeps the order of streams and displays", async () => {
    const run = await kernel.execute(
      'import { display } from "tslab";\nconsole.log("a"); console.error("b"); display.text("c"); console.log("d");',
    );
    const order = run.published
      .filter(({ type }) => type === "stream" || type === "display_data")
      .map(({ content }) => content.text ?? (content.data as Record<string, unknown>)["text/plain"]);
    expect(order).toEqual(["a\n", "b\n", "c", "d\n"]);
  });

  it("of thousands of displays over many turns arrives whole and in order", async () => {
    const run = await kernel.execute(
      'import { display } from "tslab";\nfor (let i = 0; i < 2400; i++) {\n  display.text(String(i));\n' +
        "  if (i % 4 === 3) await new Promise((resolve) => setTimeout(resolve));\n}",
    );
    expect(run.reply.status, errorOf(run).text).toBe("ok");
    const shown = run.published.filter(({ type }) => type === "display_data");
    expect(shown.map(({ content }) => (content.data as Record<string, unknown>)["text/plain"])).toEqual(
      Array.from({ length: 2400 }, (_, i) => String(i)),
    );
  });

  it("of a late timer goes to the cell that started it", async () => {
    const starter = await kernel.execute('setTimeout(() => console.log("from the first"), 120);\n0');
    const other = await kernel.execute(
      'await new Promise((resolve) => setTimeout(resolve, 300));\nconsole.log("from the second");',
    );
    expect(other.stdout).toBe("from the second\n");
    const late = kernel.log.find(({ content }) => content.text === "from the first\n");
    const input = kernel.log.find(
      ({ header, content }) =>
        header.msg_type === "execute_input" && content.execution_count === starter.reply.execution_count,
    );
    expect(late?.parent.msg_id).toBe(input?.parent.msg_id);
  });

  it("keeps characters that arrive in two pieces", async () => {
    const run = await kernel.execute(
      'const bytes = Buffer.from("π");\nprocess.stdout.write(bytes.subarray(0, 1)); process.stdout.write(bytes.subarray(1));',
    );
    expect(run.stdout).toBe("π");
  });
});

describe("the protocol", () => {
  it("says that cells are TypeScript", async () => {
    const info = await kernel.request("kernel_info_request", {});
    expect(info.language_info).toMatchObject({
      name: "typescript",
      mimetype: "text/typescript",
      file_extension: ".ts",
      codemirror_mode: "typescript",
    });
  });

  it("answers history, comms and completeness", async () => {
    await kernel.execute("'remembered'");
    const last = { hist_access_type: "tail", n: 1, raw: true, output: false };
    const { history } = await kernel.request("history_request", last);
    expect((history as [number, number, string][]).at(-1)?.[2]).toBe("'remembered'");
    expect(await kernel.request("comm_info_request", {})).toEqual({ status: "ok", comms: {} });
    const complete = (code: string) => kernel.request("is_complete_request", { code });
    expect(await complete("function f() {")).toMatchObject({ status: "incomplete" });
    expect(await complete("1 + 1")).toEqual({ status: "complete" });
  });

  it("ends cleanly, and a new kernel starts empty", async () => {
    const own = await KernelClient.start(folder);
    await own.execute("const gone = 1;");
    expect(await own.stop()).toBe(0);
    expect(own.serverLog).toBe("");
    const next = await KernelClient.start(folder);
    expect(errorOf(await next.execute("gone")).ename).toBe("TypeScriptError");
    expect(await next.stop()).toBe(0);
  });
});
