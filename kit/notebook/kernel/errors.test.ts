import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../../source/testing/folder.js";
import { KernelClient } from "./client.js";
import { errorOf, plain, resultOf } from "./testing/runs.js";

const folder = temporaryFolder();
let kernel: KernelClient;

beforeAll(async () => {
  kernel = await KernelClient.start(folder);
});
afterAll(async () => void (await kernel.stop()));

describe("errors", () => {
  it("point at the line of the cell they come from, without frames of the machinery", async () => {
    const defined = await kernel.execute(
      'type Part = { a: number };\ninterface Other { b: string }\nfunction fails(part: Part): number {\n  throw new RangeError("no " + part.a);\n}',
    );
    const run = await kernel.execute("const before = 1;\n\nfails({ a: 7 });");
    const { ename, evalue, text } = errorOf(run);
    expect([ename, evalue]).toEqual(["RangeError", "no 7"]);
    expect(text).toContain(`at fails (cell ${defined.reply.execution_count}:4:9)`);
    expect(text).toContain(`(cell ${run.reply.execution_count}:3:1)`);
    expect(text).toContain('> 4 |   throw new RangeError("no " + part.a);');
    expect(text).not.toMatch(/tslab|node:|kernel\//);
    expect(run.reply).toMatchObject({ status: "error", ename, evalue });
  });

  it("keep their place after awaits", async () => {
    const run = await kernel.execute(
      'await new Promise((resolve) => setTimeout(resolve, 5));\nconst fine: string = "x";\nthrow new Error("late");',
    );
    expect(errorOf(run).text).toContain(`(cell ${run.reply.execution_count}:3:7)`);
  });

  it("name the cause, and what is not an Error", async () => {
    const run = await kernel.execute('throw new Error("outer", { cause: new TypeError("inner") })');
    expect(errorOf(run).text).toContain("caused by TypeError: inner");
    expect(errorOf(await kernel.execute("throw { odd: 1 }"))).toMatchObject({ ename: "Thrown", evalue: "{ odd: 1 }" });
    expect(errorOf(await kernel.execute("throw undefined"))).toMatchObject({ ename: "Thrown", evalue: "undefined" });
  });

  it("come from values that fail to print themselves, shown or thrown", async () => {
    await kernel.execute(
      'import { inspect } from "node:util";\nconst shy = { [inspect.custom]() { throw new RangeError("not today"); } };',
    );
    expect(errorOf(await kernel.execute("shy"))).toMatchObject({ ename: "RangeError", evalue: "not today" });
    expect(errorOf(await kernel.execute("throw shy"))).toMatchObject({
      ename: "Thrown",
      evalue: "a value that cannot be printed: not today",
    });
    expect(resultOf(await kernel.execute("6 * 7"))).toEqual({ "text/plain": "42" });
  });

  it("of the compiler carry their number and a place", async () => {
    const run = await kernel.execute('const good = 1;\nconst bad: number = "text";');
    const { ename, evalue, text } = errorOf(run);
    expect(ename).toBe("TypeScriptError");
    expect(evalue).toBe("TS2322: Type 'string' is not assignable to type 'number'.");
    expect(text).toContain(`at cell ${run.reply.execution_count}:2:7`);
  });

  it("leave what a cell had computed before them", async () => {
    await kernel.execute('const kept = [1, 2];\nthrow new Error("x");\nconst unset = 3;');
    expect(resultOf(await kernel.execute("kept.length"))).toEqual({ "text/plain": "2" });
    expect(errorOf(await kernel.execute("unset")).evalue).toContain("Cannot find name 'unset'");
  });

  it("that nobody handles are shown", async () => {
    const run = await kernel.execute('Promise.reject(new Error("alone"));\n0');
    expect(plain(run.stderr)).toContain("Error: alone");
    const late = await kernel.execute(
      'setTimeout(() => { throw new Error("later"); }, 5);\nawait new Promise((resolve) => setTimeout(resolve, 50));',
    );
    expect(plain(late.stderr)).toContain("Error: later");
  });

  it("in imported files point into the file", async () => {
    writeFileSync(
      join(folder, "helper.ts"),
      'export type Unused = string;\n\nexport function help(): never {\n  throw new Error("from a file");\n}\n',
    );
    const run = await kernel.execute('import { help } from "./helper";\nhelp();');
    expect(errorOf(run).text).toContain("helper.ts:4:9");
  });
});
