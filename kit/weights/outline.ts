/** Repositories of the hub by their headers: what a plan needs to know of weights, without a weight. */
import { join } from "node:path";
import { exists, makeFolder, writeAtomically, writeFully } from "../source/files.js";
import {
  browseRepository,
  cacheFolder,
  completeRepository,
  fetchRepository,
  type HubBrowser,
  type HubOptions,
  type HubRepository,
} from "../source/index.js";
import { maxHeaderBytes } from "./safetensors-header.js";

/**
 * Brings config, tokenizer and the headers of safetensors files from the hub. Each such file is as long as the whole one: behind
 * its header are zeros, which take no space on the disk. What is in the cache as a whole is taken from there; a checkpoint in
 * another format, such as GGUF, is fetched as a whole.
 *
 * The folder opens like any other, and must not be loaded: its numbers are not the model's.
 *
 * @returns the folder
 * @throws UserError when the hub is out of reach, or has no such repository or no weights that the kit reads
 */
export async function outlineRepository(repository: HubRepository, options: HubOptions = {}): Promise<string> {
  const complete = await completeRepository(repository);
  if (complete !== undefined) return complete;
  const browser = await browseRepository(repository, options);
  const files = browser.checkpoint();
  if (!files.some(hasHeader)) return await fetchRepository(repository, options);
  const folder = join(cacheFolder(), "outlines", ...repository.id.split("/"), browser.commit);
  await makeFolder(folder);
  for (const file of files) {
    if (hasHeader(file)) await outlineFile(browser, file, join(folder, file));
    else await browser.fetch(file, folder);
  }
  return folder;
}

function hasHeader(file: string): boolean {
  return file.endsWith(".safetensors");
}

async function outlineFile({ beginning }: HubBrowser, file: string, path: string): Promise<void> {
  if (await exists(path)) return;
  const { start: prefix, size } = await beginning(file, 8);
  const declared = size < 8 ? 0 : Number(Buffer.from(prefix).readBigUInt64LE());
  // A length that is wrong is told by whoever reads the file.
  const header = declared > Math.min(maxHeaderBytes, size - 8) ? 0 : declared;
  const { start } = await beginning(file, 8 + header);
  await writeAtomically(path, async (handle) => {
    await writeFully(handle, start, 0, path);
    await handle.truncate(size);
  });
}
