import { copyFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { exists } from "../source/files.js";
import type { Checkpoint, CheckpointInfo } from "./checkpoint.js";
import { writeBytes } from "./folder.js";
import { chatTemplateFromGguf, vocabularyFromGguf } from "./gguf-model.js";
import { ggufOf } from "./gguf-open.js";
import { isRecord, readJson } from "./json.js";

export type CompanionOptions = {
  /** The checkpoint this model was made from: its tokenizer, generation settings and other config fields go along. */
  readonly like?: Checkpoint<unknown>;
  /** The value of a `tokenizer.json` that belongs to the model, such as `trainBpe` makes; in place of that of `like`. */
  readonly tokenizer?: object;
  /** A chat template in Jinja's language that the model has learnt, where `like` brings none. */
  readonly chatTemplate?: string;
};

/** Where a checkpoint's companions are to be found. */
export type CompanionSource = Pick<CheckpointInfo, "format" | "path" | "folder">;

/** Files of a Hugging Face folder that belong to a model whatever happens to its weights, and llama2.c's vocabulary. */
const settingsFiles = /^generation_config\.json$/;
const tokenizerFiles =
  /^(tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab|chat_template)\.json$|^tokenizer\.model$|^merges\.txt$|^chat_template\.jinja$|^tok(enizer)?\d*\.bin$/;

/** Writes what belongs to a model beside its weights into its folder. */
export async function writeCompanions(options: CompanionOptions, folder: string): Promise<void> {
  const { like, tokenizer, chatTemplate } = options;
  if (like !== undefined) await copySettings(like.info, folder);
  if (tokenizer !== undefined) await writeTokenizer({ "tokenizer.json": tokenizer }, folder);
  else if (like !== undefined) await copyTokenizer(like.info, folder);
  if (chatTemplate !== undefined) await writeTemplate(chatTemplate, folder);
}

/** Copies a checkpoint's settings of generation, if it has any. */
export async function copySettings({ folder: from }: CompanionSource, folder: string): Promise<void> {
  if (from !== undefined) await copyFiles(from, folder, settingsFiles);
}

/** Copies a checkpoint's tokenizer and chat template, or makes their files from what stands among the metadata. */
export async function copyTokenizer(source: CompanionSource, folder: string): Promise<void> {
  if (source.folder !== undefined) await copyFiles(source.folder, folder, tokenizerFiles);
  const gguf = await ggufOf(source);
  if (gguf === undefined) return;
  const [vocabulary, template] = [vocabularyFromGguf(gguf), chatTemplateFromGguf(gguf)];
  if (vocabulary === undefined) return;
  await writeTokenizer((await import("../text/gguf.js")).tokenizerFilesFromGguf(vocabulary), folder);
  if (template !== undefined) await writeTemplate(template, folder);
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

/** Puts a chat template into the tokenizer's configuration, where older versions of transformers look for it too. */
async function writeTemplate(template: string, folder: string): Promise<void> {
  const name = "tokenizer_config.json";
  const config = (await exists(join(folder, name))) ? await readJson(join(folder, name)) : {};
  await writeTokenizer({ [name]: { ...(isRecord(config) ? config : {}), chat_template: template } }, folder);
}
