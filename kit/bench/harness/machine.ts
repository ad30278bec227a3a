import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, platform, release, totalmem } from "node:os";
import { gigabytes } from "./table.js";

/** Threads that every contestant may use. */
export const threads: number = Math.min(2, availableParallelism());

/**
 * The processors this process may run on, by number: in a container they need not begin at 0. Empty where the system does not say.
 *
 * @param status contents of `/proc/self/status`
 */
export function allowedCpus(status: string = ownStatus()): number[] {
  const ranges = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1]?.split(",") ?? [];
  return ranges.flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

function ownStatus(): string {
  try {
    return readFileSync("/proc/self/status", "utf8");
  } catch {
    return ""; // Not Linux.
  }
}

/** What a figure was measured on, in one line. */
export function machineFacts(): string {
  const model = cpus()[0]?.model.replace(/\s+/g, " ").trim() ?? "unknown processor";
  return [
    `${model}, ${threads} of ${availableParallelism()} cores used`,
    gigabytes(totalmem()),
    `${platform()} ${release()}`,
    `Node ${process.versions.node}`,
  ].join(" · ");
}

/** A warning when others use the machine, whose work would be measured along. */
export function busyNote(): string | undefined {
  const load = loadavg()[0];
  if (load < 0.5) return undefined;
  return `note: the machine is busy (load ${load.toFixed(1)}): expect wide spreads`;
}
