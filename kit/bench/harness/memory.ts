import { readFileSync } from "node:fs";

/**
 * The most memory this process has held at once, in bytes.
 *
 * Linux' own high-water mark where there is one: the figure `getrusage` gives may be inherited from the parent process.
 */
export function peakBytes(): number {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    if (kilobytes !== undefined) return Number(kilobytes) * 1024;
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1024;
}
