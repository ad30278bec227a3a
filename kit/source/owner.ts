import { readFileSync } from "node:fs";
import { hostname } from "node:os";

/** A process, named so that another can tell whether it still runs. */
export type Owner = {
  readonly pid: number;
  /** Tells it from a later process of the same number; nothing where the system does not tell. */
  readonly began?: string;
  /** The machine it runs on. */
  readonly host?: string;
};

let own: Owner | undefined;

/** This process. Every file that is written asks, and what is read of it never changes. */
export function ourselves(): Owner {
  return (own ??= { pid: process.pid, began: beginningOf(process.pid), host: hostname() });
}

/** Whether it runs where it cannot be asked. */
export function isElsewhere({ host }: Owner): boolean {
  return host !== undefined && host !== hostname();
}

/** Whether it may still be running: of a process of another machine nobody knows. */
export function isAtWork(owner: Owner): boolean {
  const { pid, began } = owner;
  if (isElsewhere(owner)) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
  }
  const now = beginningOf(pid);
  return began === undefined || now === undefined || began === now;
}

/** When a process began, in ticks of the machine's clock; nothing where the system does not tell. */
function beginningOf(pid: number): string | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is a name in parentheses, in which anything may stand; the beginning is the 22nd.
    return fields.slice(fields.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
