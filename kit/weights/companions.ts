import { copyFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Checkpoint, CheckpointInfo } from "./checkpoint.js";
import { writeBytes } from "./folder.js";
import { formatOf } from "./format.js";
import { readGguf } from "./gguf.js";
import { vocabularyFromGguf } from "./gguf-model.js";

export type CompanionOptions = {
  /** The checkpoint this model was made from: its tokenizer, generation settings and other config fields go along. */
  readonly like?: Checkpoint<unknown>;
  /** The value of a `tokenizer.json` that belongs to the model, such as `trainBpe` makes; in place of that of `like`. */
  readonly tokenizer?: object;
};

/** Where a checkpoint's companions are to be found. */
export type CompanionSource = Pick<CheckpointInfo, "format" | "path" | "folder">;

/** Files of a Hugging Face folder that belong to a model whatever happens to its weights, and llama2.c's vocabulary. */
const settingsFiles = /^generation_config\.json$/;
const tokenizerFiles =
  /^(tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab|chat_template)\.json$|^tokenizer\.model$|^merges\.txt$|^chat_template\.jinja$|^tok(enizer)?\d*\.bin$/;

/** Writes what belongs to a model beside its weights into its folder. */
export async function writeCompanions({ like, tokenizer }: CompanionOptions, folder: string): Promise<void> {
  if (like !== undefined) await copySettings(like.info, folder);
  if (tokenizer !== undefined) await writeTokenizer({ "tokenizer.json": tokenizer }, folder);
  else if (like !== undefined) await copyTokenizer(like.info, folder);
}

/** Copies a checkpoint's settings of generation, if it has any. */
export async function copySettings({ folder: from }: CompanionSource, folder: string): Promise<void> {
  if (from !== undefined) await copyFiles(from, folder, settingsFiles);
}

/** Copies a checkpoint's tokenizer, or makes its files from a vocabulary among the metadata. */
export async function copyTokenizer(source: CompanionSource, folder: string): Promise<void> {
  if (source.folder !== undefined) await copyFiles(source.folder, folder, tokenizerFiles);
  await writeTokenizer(await madeFrom(source), folder);
}

async function copyFiles(from: string, to: string, wanted: RegExp): Promise<void> {
  for (const name of await readdir(from)) if (wanted.test(name)) await copyFile(join(from, name), join(to, name));
}

async function writeTokenizer(files: Readonly<Record<string, object>>, folder: string): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const bytes = content instanceof Uint8Array ? content : Buffer.from(`${JSON.stringify(content)}\n`);
    await writeBytes(join(folder, name), bytes);
  }
}

/** The tokenizer files of a checkpoint that holds its vocabulary among its metadata. */
async function madeFrom({ format: kind, path }: CompanionSource): Promise<Readonly<Record<string, object>>> {
  if (kind !== "gguf") return {};
  const format = await formatOf(path);
  const vocabulary = format.kind === "gguf" ? vocabularyFromGguf(await readGguf(format.span)) : undefined;
  return vocabulary === undefined ? {} : (await import("../text/gguf.js")).tokenizerFilesFromGguf(vocabulary);
}
