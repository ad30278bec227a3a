import type { Command } from "commander";
import { vi } from "vitest";

/** Runs a command in this process and returns what it prints, and what it says beside it. */
export async function runCommand(command: Command, args: readonly string[]): Promise<{ out: string; notes: string }> {
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  const error = vi.spyOn(console, "error").mockImplementation(() => undefined);
  try {
    await command
      .exitOverride()
      .configureOutput({ writeErr: () => undefined })
      .parseAsync(args, { from: "user" });
    return { out: log.mock.calls.flat().join("\n"), notes: error.mock.calls.flat().join("\n") };
  } finally {
    log.mockRestore();
    error.mockRestore();
  }
}
