import { existsSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { withLock } from "./lock.js";
import { temporaryFolder } from "./testing/folder.js";

const place = () => {
  const path = join(temporaryFolder(), "file");
  return { path, lock: `${path}.lock` };
};
const worked = async () => "worked";

test("a process holds its lock while it is at work", async () => {
  const { path, lock } = place();
  const busy = `Process ${process.pid} is at work on ${path}. Wait for it, or remove ${lock} if it is stuck`;
  await withLock(path, () => expect(withLock(path, worked)).rejects.toThrow(busy));
  expect(existsSync(lock)).toBe(false);
});

test.skipIf(!existsSync("/proc/self/stat"))(
  "another process that got the number of the one before is none",
  async () => {
    const { path, lock } = place();
    writeFileSync(lock, `${process.ppid} 1`);
    expect(await withLock(path, worked)).toBe("worked");
    // Without its beginning, the number has to do.
    writeFileSync(lock, String(process.ppid));
    await expect(withLock(path, worked)).rejects.toThrow(`Process ${process.ppid} is at work`);
  },
);

test("a process of another machine cannot be asked: its lock stays", async () => {
  const { path, lock } = place();
  writeFileSync(lock, "999999999 1 far.away");
  await expect(withLock(path, worked)).rejects.toThrow(
    `Process 999999999 of the machine far.away is at work on ${path}. Wait for it, or remove ${lock} if it is stuck: whether`,
  );
  writeFileSync(lock, `999999999 - ${hostname()}`);
  expect(await withLock(path, async () => readFileSync(lock, "utf8"))).toMatch(/^\d+ (\d+|-) ./);
});

test("a lock without a number is being written, or was left long ago", async () => {
  const { path, lock } = place();
  writeFileSync(lock, "");
  await expect(withLock(path, worked)).rejects.toThrow("Another process is at work");
  utimesSync(lock, 0, 0);
  expect(await withLock(path, worked)).toBe("worked");
});

test("of many that find a lock that was left, one takes it at a time", async () => {
  const { path, lock } = place();
  let [atOnce, most, ended] = [0, 0, 0];
  const attempt = () =>
    withLock(path, async () => {
      most = Math.max(most, ++atOnce);
      await pause(5);
      atOnce--;
      ended++;
    }).catch((error: Error) => expect(error.message).toMatch(/at work|just begun/));
  for (let round = 0; round < 40; round++) {
    writeFileSync(lock, "999999999");
    const attempts: Promise<void>[] = [];
    // They come while the first are between two of their operations on files.
    for (let i = 0; i < 12; i++) {
      attempts.push(attempt());
      await new Promise((resume) => setImmediate(resume));
    }
    await Promise.all(attempts);
  }
  expect(most).toBe(1);
  expect(ended).toBeGreaterThanOrEqual(40);
  expect([existsSync(lock), existsSync(`${lock}.turn`)]).toEqual([false, false]);
});
