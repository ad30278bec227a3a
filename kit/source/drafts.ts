/** What is being written stands beside its name until it is complete. A process that ends before takes it along. */
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isAtWork, type Owner, ourselves } from "./owner.js";

/** The drafts of this process that have not taken their name yet. */
const drafts = new Set<string>();

/** A hidden sibling name that nothing else uses: on the same disk, so that renaming it is atomic. */
export function draftBeside(path: string): string {
  const draft = hiddenBeside(path, "tmp");
  drafts.add(draft);
  return draft;
}

/** The same for what stood at `path` before and steps aside: until the name is taken again it may be the only copy. */
export function asideOf(path: string): string {
  return hiddenBeside(path, "old");
}

/** The owner is part of the name, for those that find it. */
function hiddenBeside(path: string, ending: Ending): string {
  const { pid, began = "-", host = "" } = ourselves();
  const owner = `${pid}-${began}-${randomBytes(4).toString("hex")}@${inName(host)}`;
  return join(dirname(path), `.${basename(path)}.${owner}.${ending}`);
}

type Ending = "tmp" | "old";

function inName(host: string): string {
  return host.replace(/[^\w.-]/g, "_");
}

/** A draft has taken its name. */
export function kept(draft: string): void {
  drafts.delete(draft);
}

/** Removes a draft, or what stepped aside; that it may not be there, or not be removable, is not worth a second error. */
export async function discarded(draft: string): Promise<void> {
  // What is to go goes also when the process ends meanwhile.
  drafts.add(draft);
  await rm(draft, { recursive: true, force: true }).catch(() => undefined);
  drafts.delete(draft);
}

/** Removes all drafts of this process, which is about to end. */
export function discardDrafts(): void {
  for (const draft of drafts) {
    try {
      // A file that was being opened may turn up in a folder that is being removed.
      rmSync(draft, { recursive: true, force: true, maxRetries: 3, retryDelay: 20 });
    } catch {
      // It stays, and a later write to the same name removes it.
    }
  }
}

/**
 * Removes what processes that were killed have left of `path`. What stepped aside stays until something has the name again, and
 * everything whose process may still be at work stays.
 *
 * @param taken whether something stands at `path`
 */
export async function sweepDrafts(path: string, taken: boolean): Promise<void> {
  const names = await readdir(dirname(path)).catch(() => []);
  for (const name of names) {
    const found = draftOf(name, basename(path));
    if (found === undefined || (found.ending === "old" && !taken) || isAtWork(found.owner)) continue;
    await discarded(join(dirname(path), name));
  }
}

/** The owner in the name of a draft of `base`; nothing when the name is of something else. */
function draftOf(name: string, base: string): { readonly owner: Owner; readonly ending: string } | undefined {
  if (!name.startsWith(`.${base}.`)) return undefined;
  const pattern = /^([1-9]\d*)-(\d+|-)-[0-9a-f]{8}@(.*)\.(tmp|old)$/;
  const [, pid, began, host, ending] = pattern.exec(name.slice(base.length + 2)) ?? [];
  if (pid === undefined) return undefined;
  const here = ourselves().host ?? "";
  const owner = {
    pid: Number(pid),
    began: began === "-" ? undefined : began,
    host: host === inName(here) ? here : host,
  };
  return { owner, ending };
}
