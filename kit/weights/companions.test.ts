import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../source/testing/folder.js";
import { chatTemplateOf } from "./chatTemplate.js";
import { open } from "./checkpoint.js";
import { save } from "./save.js";
import { ggufBytes, tinyMetadata, tinyTensors } from "./testing/gguf.js";
import { writeSmall } from "./testing/llama.js";

const template = "{% for message in messages %}{{ message.content }}{% endfor %}";

describe("the chat template", () => {
  test.each([
    ["gpt2", ["tokenizer.json", "tokenizer_config.json"]],
    ["llama", ["tokenizer.model", "tokenizer_config.json"]],
  ])("of a GGUF file goes along with its vocabulary, of kind %s", async (kind, files) => {
    const [file, out] = [join(temporaryFolder(), "tiny.gguf"), join(temporaryFolder(), "out")];
    const metadata = [
      ...tinyMetadata,
      ["tokenizer.ggml.model", { text: kind }],
      ["tokenizer.ggml.pre", { text: "gpt-2" }],
      ["tokenizer.ggml.tokens", { texts: ["<unk>", "a", "b"] }],
      ["tokenizer.ggml.token_type", { i32s: [2, 1, 1] }],
      ["tokenizer.ggml.scores", { f32s: [0, 0, -1] }],
      ["tokenizer.ggml.unknown_token_id", { u32: 0 }],
      ["tokenizer.chat_template", { text: template }],
    ] as const;
    writeFileSync(file, ggufBytes({ metadata, tensors: tinyTensors }));
    const checkpoint = await open(file);
    await save(checkpoint.model, out, { like: checkpoint });
    expect(readdirSync(out).filter((name) => name.startsWith("tokenizer"))).toEqual(files);
    const saved = await open(out);
    expect(await chatTemplateOf(saved.info)).toBe(template);
    expect(saved.tokenizer?.special).toEqual(checkpoint.tokenizer?.special);
  });

  test("that a model has learnt joins what its tokenizer's configuration says", async () => {
    const base = temporaryFolder();
    const [folder, out] = [writeSmall(join(base, "in")), join(base, "out")];
    writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify({ eos_token: "</s>" }));
    const checkpoint = await open(folder);
    await save(checkpoint.model, out, { like: checkpoint, chatTemplate: template });
    expect(JSON.parse(readFileSync(join(out, "tokenizer_config.json"), "utf8"))).toEqual({
      eos_token: "</s>",
      chat_template: template,
    });
  });
});
