import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { exists, fileError } from "../source/files.js";
import type { CompanionSource } from "./companions.js";
import { chatTemplateFromGguf } from "./gguf-model.js";
import { ggufOf } from "./gguf-open.js";
import { readJson } from "./json.js";

/**
 * The chat template that a checkpoint brings, in Jinja's language: `chat_template.jinja` or `tokenizer_config.json` of its
 * folder, or the metadata of a GGUF file. `text.chatTemplate` makes it one that renders.
 *
 * @param source the `info` that `open` or `load` gave of the checkpoint
 * @returns nothing when it brings none
 * @throws UserError when a file is damaged
 */
export async function chatTemplateOf(source: CompanionSource): Promise<string | undefined> {
  const gguf = await ggufOf(source);
  if (gguf !== undefined) return chatTemplateFromGguf(gguf);
  const { folder } = source;
  if (folder === undefined) return undefined;
  const { templateOf } = await import("../text/index.js");
  const [config, jinja] = ["tokenizer_config.json", "chat_template.jinja"].map((name) => join(folder, name));
  return templateOf(
    (await exists(config)) ? await readJson(config) : undefined,
    (await exists(jinja)) ? await textAt(jinja) : undefined,
  );
}

async function textAt(path: string): Promise<string> {
  return await readFile(path, "utf8").catch((error) => {
    throw fileError(error, "read", path);
  });
}
