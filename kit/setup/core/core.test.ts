import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { readArguments } from "./arguments.mjs";
import { withChoices } from "./choices.mjs";
import { SetupFailure } from "./failure.mjs";
import { resolveNotebook } from "./files.mjs";
import { filesBelow, fingerprint } from "./fingerprint.mjs";
import { withLock } from "./lock.mjs";
import { projectAt } from "./project.mjs";
import { must, run, tail } from "./run.mjs";
import { bytes, duration } from "./screen.mjs";
import { isDone, runSteps } from "./steps.mjs";

let folder = "";
let printed = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kintsugi-setup-"));
  printed = "";
  const keep = (chunk: string | Uint8Array): boolean => {
    printed += chunk;
    return true;
  };
  vi.spyOn(process.stdout, "write").mockImplementation(keep);
  vi.spyOn(process.stderr, "write").mockImplementation(keep);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

describe("fingerprint", () => {
  test("follows content, path, absence and values, and nothing else", () => {
    const file = join(folder, "a.cc");
    const of = () => fingerprint({ files: [file], values: ["g++ 12"] });
    const absent = of();
    writeFileSync(file, "int a;");
    const first = of();
    expect(first).not.toBe(absent);
    utimesSync(file, 1, 1);
    expect(of()).toBe(first);
    writeFileSync(file, "int b;");
    expect(of()).not.toBe(first);
    expect(fingerprint({ values: ["ab", "c"] })).not.toBe(fingerprint({ values: ["a", "bc"] }));
  });

  test("lists sources in a fixed order, without what was built", () => {
    for (const path of ["b.ts", "a/z.ts", "dist/a.ts", ".cache/a.ts", "node_modules/a.ts", "a/z.js"]) {
      mkdirSync(join(folder, path, ".."), { recursive: true });
      writeFileSync(join(folder, path), "");
    }
    const found = filesBelow(folder, (name) => name.endsWith(".ts"));
    expect(found).toEqual([join(folder, "a", "z.ts"), join(folder, "b.ts")]);
  });
});

describe("steps", () => {
  let input = "1";
  let runs = 0;
  const output = () => join(folder, "out");
  const step = {
    id: "demo",
    title: "Demo",
    fingerprint: () => fingerprint({ values: [input] }),
    outputs: () => [output()],
    run: () => {
      runs++;
      writeFileSync(output(), `made from ${input}`);
      return "made";
    },
  };

  test("a step runs once, again for other inputs, again for a touched result, and says which", async () => {
    const project = projectAt(folder);
    await runSteps([step], project);
    expect(printed).toMatch(/▸ Demo\n✓ Demo · \d\.\d s · made\n/);
    await runSteps([step], project);
    expect(printed).toContain("✓ Demo · unchanged");
    expect(runs).toBe(1);
    input = "2";
    await runSteps([step], project);
    expect(runs).toBe(2);
    writeFileSync(output(), "corrupted");
    expect(isDone(step, project)).toBe(false);
    await runSteps([step], project);
    expect(readFileSync(output(), "utf8")).toBe("made from 2");
  });

  test("a failing step says which, why and what to type, stops the rest, and runs again next time", async () => {
    const project = projectAt(folder);
    let broken = true;
    const later = vi.fn();
    const failing = {
      id: "failing",
      title: "Python packages",
      fingerprint: () => "same",
      run: () => {
        if (broken)
          throw new SetupFailure("no route to the index", { type: "the command again", detail: "line 1\nline 2" });
      },
    };
    const steps = [failing, { id: "later", title: "Later", run: later }];
    await expect(runSteps(steps, project)).rejects.toThrow();
    expect(printed).toMatch(/✗ Python packages failed after 0\.\d s\n {2}│ line 1\n {2}│ line 2\n/);
    expect(printed).toMatch(/why: {2}no route to the index\n {2}type: the command again/);
    expect(printed).not.toContain("at ");
    expect(later).not.toHaveBeenCalled();
    broken = false;
    await runSteps(steps, project);
    expect(later).toHaveBeenCalledOnce();
  });

  test("a choice by a variable lasts until another is made, and one whose step failed is none", async () => {
    const project = projectAt(folder);
    const made: (string | undefined)[] = [];
    const chosen = () => withChoices(project).KINTSUGI_TEST || undefined;
    const choosing = {
      id: "choosing",
      title: "Choosing",
      choice: "KINTSUGI_TEST",
      fingerprint: () => fingerprint({ values: [chosen()] }),
      run: () => {
        if (chosen() === "bad") throw new SetupFailure("will not do");
        made.push(chosen());
      },
    };
    const command = async (value: string | undefined) => {
      vi.stubEnv("KINTSUGI_TEST", value);
      await runSteps([choosing], project).finally(() => vi.unstubAllEnvs());
    };
    for (const value of [undefined, undefined, "zig", undefined, "zig"]) await command(value);
    expect(made).toEqual([undefined, "zig"]);
    await expect(command("bad")).rejects.toThrow();
    await command(undefined);
    for (const value of ["", undefined]) await command(value);
    expect(made).toEqual([undefined, "zig", "zig", undefined]);
  });
});

describe("lock", () => {
  test("keeps the second waiting until the first is done", async () => {
    const order: string[] = [];
    const announced: string[] = [];
    const options = { pollMs: 5, announce: (pid: string) => void announced.push(pid) };
    const hold = (name: string) =>
      withLock(
        folder,
        async () => {
          order.push(`${name} in`);
          await new Promise((resolve) => setTimeout(resolve, 30));
          order.push(`${name} out`);
        },
        options,
      );
    await Promise.all([hold("a"), hold("b")]);
    expect(order.map((entry) => entry.slice(2))).toEqual(["in", "out", "in", "out"]);
    expect(announced).toEqual([String(process.pid)]);
    expect(existsSync(join(folder, "lock"))).toBe(false);
  });

  test.each([
    ["a process that ended", () => `${spawnSync(process.execPath, ["-e", ""]).pid} 1 ${hostname()}`],
    ["a number that another process has now", () => `${process.pid} 1 ${hostname()}`],
  ])("takes over from %s", async (_, holder) => {
    writeFileSync(join(folder, "lock"), holder());
    expect(await withLock(folder, async () => "ran", { pollMs: 5 })).toBe("ran");
  });

  test("takes over from another machine only when its lock is no longer renewed", async () => {
    const file = join(folder, "lock");
    writeFileSync(file, "1 1 elsewhere");
    const waiting = withLock(folder, async () => "ran", { pollMs: 5, announce: () => {} });
    expect(await Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 100, "waits"))])).toBe("waits");
    utimesSync(file, 1, 1);
    expect(await waiting).toBe("ran");
  });
});

describe("programs", () => {
  test("hand back output and code; a missing one is no crash", async () => {
    const lines: string[] = [];
    const script = "console.log('a\\nb'); console.error('c'); process.exit(3)";
    const { code, output } = await run(process.execPath, ["-e", script], { onLine: (line) => lines.push(line) });
    expect(code).toBe(3);
    expect(output).toContain("a\nb\n");
    expect(lines.sort()).toEqual(["a", "b", "c"]);
    expect(await run("no-such-program-here", [])).toMatchObject({ code: 127, missing: true });
  });

  test("one that has to succeed fails with its own words", async () => {
    const failure = must(process.execPath, ["-e", "console.error('no space left'); process.exit(1)"], {
      why: "it did not",
    });
    await expect(failure).rejects.toMatchObject({ message: "it did not", detail: "no space left" });
  });

  /** How a program like those of `npm run` ends that is asked to stop: its exit code and what its own program said. */
  async function stopped(stop: (pid: number) => void) {
    const checkpoint = "console.log('checkpoint'); process.exit(130)";
    const child = `for (const s of ["SIGINT", "SIGTERM"]) process.once(s, () => setTimeout(() => { ${checkpoint} }, 300));
      setTimeout(() => {}, 30_000); console.log("begun")`;
    const parent = `import { run } from ${JSON.stringify(new URL("./run.mjs", import.meta.url).href)};
      await run(process.execPath, ["-e", ${JSON.stringify(child)}], { shown: true, patient: true });
      console.log("goes on")`;
    const started = spawn(process.execPath, ["--input-type=module", "-e", parent], { detached: true });
    let output = "";
    started.stdout.on("data", (chunk) => {
      output += chunk;
      if (`${chunk}`.includes("begun")) stop(started.pid ?? 0);
    });
    const code = await new Promise((resolve) => started.on("exit", resolve));
    return { code, output };
  }

  test.each([
    ["Ctrl-C sent to it alone", 130, (pid: number) => process.kill(pid, "SIGINT")],
    ["Ctrl-C in a terminal", 130, (pid: number) => process.kill(-pid, "SIGINT")],
    ["SIGTERM to all of them", 143, (pid: number) => process.kill(-pid, "SIGTERM")],
  ])("%s: we end after a program that has a checkpoint to write", async (_, code, stop) => {
    expect(await stopped(stop)).toEqual({ code, output: "begun\ncheckpoint\n" });
  });

  test("long output is cut in the middle", () => {
    const text = Array.from({ length: 40 }, (_, i) => `line ${i}`).join("\n");
    expect(tail(text, 4)).toBe("line 0\nline 1\n…\nline 38\nline 39");
    expect(tail("one\ntwo\n", 4)).toBe("one\ntwo");
  });
});

describe("what a person types", () => {
  test("options are read, and a wrong one names itself and the usage", () => {
    const names = { text: ["port"], flags: ["no-browser"] } as const;
    expect(readArguments(names, "usage", ["--port", "8888", "--no-browser"])).toEqual({
      port: "8888",
      "no-browser": true,
    });
    expect(() => readArguments(names, "usage", ["--prot", "1"])).toThrow("Unknown option '--prot'");
    expect(readArguments(names, "the usage", ["--help"])).toBeUndefined();
    expect(printed).toContain("the usage");
  });

  test("a notebook is found by its number, and the others are named when it is not", () => {
    for (const name of ["00-start-here.ipynb", "01-llama.ipynb", "note.md"]) writeFileSync(join(folder, name), "");
    for (const wanted of ["01", "01-llama", "01-llama.ipynb"])
      expect(resolveNotebook(folder, wanted)).toBe("01-llama.ipynb");
    expect(() => resolveNotebook(folder, "07")).toThrow(/no notebook "07".*there are 00-start-here, 01-llama/);
    expect(() => resolveNotebook(join(folder, "none"), "07")).toThrow("there are none");
  });

  test("durations and sizes read as a person says them", () => {
    expect([900, 42_400, 185_000].map(duration)).toEqual(["0.9 s", "42 s", "3 min 5 s"]);
    expect([12_000, 312e6, 1.44e9].map(bytes)).toEqual(["12 kB", "312 MB", "1.4 GB"]);
  });
});
