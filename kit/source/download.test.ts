import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { UserError } from "../errors.js";
import { type DownloadOptions, download } from "./download.js";
import { Interrupted, request } from "./http.js";
import { temporaryFolder } from "./testing/folder.js";
import { type Hub, startHub } from "./testing/hub.js";

const content = Uint8Array.from({ length: 500_000 }, (_, i) => (i * 31 + (i >> 8)) & 255);
const sha256 = createHash("sha256").update(content).digest("hex");
const path = "/o/m/resolve/0123456789abcdef0123456789abcdef01234567/big.bin";

async function setUp(): Promise<{ hub: Hub; target: string; fetch: (options?: DownloadOptions) => Promise<void> }> {
  const hub = await startHub({ "o/m": { "big.bin": content } });
  const target = join(temporaryFolder(), "deep", "big.bin");
  return { hub, target, fetch: (options) => download(hub.url + path, target, { retryMs: 5, ...options }) };
}

const intact = (file: string): boolean => Buffer.compare(readFileSync(file), content) === 0;

describe("a download", () => {
  test("arrives whole, with progress up to the end, and leaves nothing else", async () => {
    const { hub, target, fetch } = await setUp();
    const seen: [string, number, number | undefined][] = [];
    await fetch({ sha256, progress: ({ file, bytes, total }) => seen.push([file, bytes, total]) });
    expect(intact(target)).toBe(true);
    expect(seen.at(-1)).toEqual(["big.bin", content.length, content.length]);
    expect(readdirSync(join(target, ".."))).toEqual(["big.bin"]);
    expect(hub.requests).toHaveLength(1);
  });

  test("goes on where the connection broke, again and again", async () => {
    const { hub, target, fetch } = await setUp();
    hub.mishaps.push({ breakAfter: 100_000 }, { breakAfter: 70_000 }, { status: 503 }, { breakAfter: 1 });
    await fetch({ sha256 });
    expect(intact(target)).toBe(true);
    const starts = hub.requests.map(({ range }) => Number(/\d+/.exec(range ?? "0")));
    expect(starts[0]).toBe(0);
    expect(starts.slice(1).every((start, i) => start >= starts[i] && start > 0)).toBe(true);
  });

  test("goes on in the next process, with or without a checksum", async () => {
    for (const options of [{ sha256 }, {}]) {
      const { hub, target, fetch } = await setUp();
      hub.mishaps.push({ breakAfter: 200_000 }, ...Array(10).fill({ status: 500 }));
      await expect(fetch(options)).rejects.toThrow(UserError);
      expect(existsSync(target)).toBe(false);
      const held = readFileSync(`${target}.part`).length;
      expect(held).toBeGreaterThan(100_000);
      hub.mishaps.length = 0;
      await fetch(options);
      expect(hub.requests.at(-1)?.range).toBe(`bytes=${held}-`);
      expect(intact(target)).toBe(true);
    }
  });

  test("that was complete but for its name only takes it", async () => {
    const { target, fetch } = await setUp();
    for (const options of [{ sha256 }, { sha256, bytes: content.length }]) {
      await fetch({ sha256 });
      rmSync(target);
      writeFileSync(`${target}.part`, content);
      await fetch(options);
      expect(intact(target)).toBe(true);
    }
  });

  test("that another process has brought meanwhile is not fetched again, unless it is another file", async () => {
    const { hub, target, fetch } = await setUp();
    await fetch({ sha256 });
    await fetch({ sha256 });
    expect(hub.requests).toHaveLength(1);
    writeFileSync(target, "an older version");
    await fetch({ sha256 });
    expect(intact(target)).toBe(true);
  });

  test("begins again when the server cannot resume, or the file has changed since", async () => {
    const { hub, target, fetch } = await setUp();
    hub.mishaps.push({ breakAfter: 50_000 }, { ignoreRange: true });
    await fetch({ sha256 });
    expect(intact(target)).toBe(true);
    writeFileSync(`${target}.part`, Buffer.alloc(60_000));
    writeFileSync(`${target}.part.tag`, `${hub.url + path}\n"an older version"`);
    await fetch();
    expect(intact(target)).toBe(true);
    writeFileSync(`${target}.part`, Buffer.alloc(60_000));
    writeFileSync(`${target}.part.tag`, "");
    await fetch();
    expect(intact(target)).toBe(true);
  });

  test("heals a damaged beginning: what was resumed and does not match is fetched anew, once", async () => {
    const { hub, target, fetch } = await setUp();
    await fetch({ sha256 });
    rmSync(target);
    writeFileSync(`${target}.part`, Buffer.alloc(60_000));
    await fetch({ sha256 });
    expect(intact(target)).toBe(true);
    expect(hub.requests.map(({ range }) => range)).toEqual([undefined, "bytes=60000-", undefined]);
  });

  test("heals a damaged end, too: that of a connection which was picked up again", async () => {
    const { hub, target, fetch } = await setUp();
    hub.mishaps.push({ breakAfter: 100_000 }, { corrupt: true });
    await fetch({ sha256 });
    expect(intact(target)).toBe(true);
    expect(hub.requests.map(({ range }) => range === undefined)).toEqual([true, false, true]);
  });

  test("that is corrupted on its way is refused and not kept", async () => {
    const { hub, target, fetch } = await setUp();
    hub.mishaps.push({ corrupt: true });
    await expect(fetch({ sha256 })).rejects.toThrow(/is damaged: its sha256 checksum is not/);
    expect(readdirSync(join(target, ".."))).toEqual([]);
    hub.mishaps.push({ corrupt: true });
    const gitBlob = createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
    await expect(fetch({ gitBlob })).rejects.toThrow(/sha1 checksum/);
    await fetch({ gitBlob });
    expect(intact(target)).toBe(true);
  });

  test("that is longer than announced is stopped", async () => {
    const { fetch } = await setUp();
    await expect(fetch({ bytes: 1000 })).rejects.toThrow(/longer than announced.*1000 bytes/);
  });
});

describe("a network that is gone", () => {
  afterEach(() => void vi.unstubAllGlobals());
  const codes = ["EAI_AGAIN", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"];

  /** Lets the request of this number fail before it reaches a server. */
  function failing(number: number, code: string): void {
    const reach = globalThis.fetch;
    let count = 0;
    vi.stubGlobal("fetch", async (...parts: Parameters<typeof reach>) => {
      if (++count === number) throw new TypeError("fetch failed", { cause: Object.assign(new Error(code), { code }) });
      return await reach(...parts);
    });
  }

  test.each(codes)("may come back once bytes have arrived: %s", async (code) => {
    const { hub, target, fetch } = await setUp();
    hub.mishaps.push({ breakAfter: 100_000 });
    failing(2, code);
    await fetch({ sha256 });
    expect(intact(target)).toBe(true);
    expect(hub.requests).toHaveLength(2);
  });

  test.each(codes)("is told at once before: %s", async (code) => {
    const { hub, fetch } = await setUp();
    failing(1, code);
    await expect(fetch({ sha256 })).rejects.toThrow(/Cannot fetch from 127/);
    expect(hub.requests).toHaveLength(0);
  });

  test("shows in silence as well", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    vi.stubGlobal(
      "fetch",
      (_: string, { signal }: { signal: AbortSignal }) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    );
    for (const [begun, told] of [
      [false, /nowhere: no answer for 60 s/],
      [true, Interrupted],
    ] as const) {
      const answer = expect(request("http://nowhere/x", {}, begun)).rejects.toThrow(told);
      vi.advanceTimersByTime(60_000);
      await answer;
    }
    vi.useRealTimers();
  });
});

describe("what is told when nothing arrives", () => {
  test.each<[number, RegExp]>([
    [404, /There is no http.*HTTP 404/],
    [401, /not open to everyone.*HF_TOKEN/],
    [403, /not open to everyone/],
    [410, /answers with HTTP 410/],
  ])("HTTP %i, at once", async (status, message) => {
    const { hub, fetch } = await setUp();
    hub.mishaps.push({ status });
    await expect(fetch()).rejects.toThrow(message);
    expect(hub.requests).toHaveLength(1);
  });

  test("HTTP 500, after a few attempts", async () => {
    const { hub, fetch } = await setUp();
    hub.mishaps.push(...Array(20).fill({ status: 500 }));
    await expect(fetch()).rejects.toThrow(/Cannot fetch from 127.0.0.1:\d+: HTTP 500/);
    expect(hub.requests).toHaveLength(5);
  });

  test("a server that is not there", async () => {
    const target = join(temporaryFolder(), "x");
    await expect(download("http://127.0.0.1:1/x", target)).rejects.toThrow(
      /127.0.0.1.*(refuses the connection|bad port)/,
    );
    await expect(download("http://nowhere.invalid/x", target)).rejects.toThrow(/cannot be looked up/);
  });

  test("another process that is at it; a lock left by a dead one is taken over", async () => {
    const { target, fetch } = await setUp();
    await fetch();
    writeFileSync(`${target}.lock`, String(process.ppid));
    await expect(fetch()).rejects.toThrow(/is at work on/);
    writeFileSync(`${target}.lock`, "999999999");
    await fetch();
    expect(existsSync(`${target}.lock`)).toBe(false);
  });
});
