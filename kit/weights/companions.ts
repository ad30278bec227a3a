import { copyFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Checkpoint } from "./checkpoint.js";
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

/** Files of a Hugging Face folder that belong to a model whatever happens to its weights, and llama2.c's vocabulary. */
const settingsFiles = /^generation_config\.json$/;
const tokenizerFiles =
  /^(tokenizer|tokenizer_config|special_tokens_map|added_tokens)\.json$|^tokenizer\.model$|^chat_template\.jinja$|^tok(enizer)?\d*\.bin$/;

/** Writes what belongs to a model beside its weights into its folder. */
export async function writeCompanions({ like, tokenizer }: CompanionOptions, folder: string): Promise<void> {
  if (like?.info.folder !== undefined) {
    const wanted = (name: string): boolean =>
      settingsFiles.test(name) || (tokenizer === undefined && tokenizerFiles.test(name));
    await copyFiles(like.info.folder, folder, wanted);
  }
  const made = tokenizer === undefined ? await madeFrom(like) : { "tokenizer.json": tokenizer };
  for (const [name, content] of Object.entries(made)) {
    const bytes = content instanceof Uint8Array ? content : Buffer.from(`${JSON.stringify(content)}\n`);
    await writeBytes(join(folder, name), bytes);
  }
}

async function copyFiles(from: string, to: string, wanted: (name: string) => boolean): Promise<void> {
  for (const name of (await readdir(from)).filter(wanted)) await copyFile(join(from, name), join(to, name));
}

/** The tokenizer files of a checkpoint that holds its vocabulary among its metadata. */
async function madeFrom(like: Checkpoint<unknown> | undefined): Promise<Readonly<Record<string, object>>> {
  if (like?.info.format !== "gguf") return {};
  const format = await formatOf(like.info.path);
  const vocabulary = format.kind === "gguf" ? vocabularyFromGguf(await readGguf(format.span)) : undefined;
  return vocabulary === undefined ? {} : (await import("../text/gguf.js")).tokenizerFilesFromGguf(vocabulary);
}
