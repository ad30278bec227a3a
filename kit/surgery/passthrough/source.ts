import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { UserError } from "../../errors.js";
import { exists } from "../../source/files.js";
import { isHubId } from "../../source/hub.js";
import { knownNames, type ResolveOptions, resolve } from "../../source/index.js";
import type { CompanionSource } from "../../weights/companions.js";
import { type Format, formatOf } from "../../weights/format.js";
import { isOfType } from "../../weights/huggingface-config.js";
import { type ConfigJson, open, readSafetensors, readSafetensorsFolder } from "../../weights/index.js";
import { isRecord, readJson } from "../../weights/json.js";
import { isKintsugi } from "../../weights/kintsugi-config.js";
import { savedForm } from "../../weights/save.js";
import { layersOfConfig } from "./mergedConfig.js";
import { type NamedTensors, stackOf } from "./names.js";
import type { Stack } from "./stack.js";

/** A model that takes part in a merge: its tensors by name, still on disk, and what its folder says about it. */
export type MergeSource = {
  /** As the configuration calls it. */
  readonly name: string;
  readonly stack: Stack<NamedTensors>;
  readonly config: ConfigJson;
  /** Where its tokenizer and settings are. */
  readonly info: CompanionSource;
  /** Its id on the hub, when its name is one. */
  readonly hub?: string;
};

/**
 * Opens a model for a merge, reading headers only.
 *
 * A Hugging Face folder is taken as it is, whatever its architecture: a merge needs names and shapes alone. What the kit opens
 * in another form (GGUF, llama2.c, the kit's own folders) is taken as the kit would save it. A DiffLlama is taken as a folder
 * of the kit's own: there a layer keeps its λ_init when it moves, where transformers computes it from the layer's place.
 *
 * @param name as the configuration calls it
 * @param at a path or name that stands for it; the name itself unless given
 * @throws UserError when there is no such model, it has no layers, or config and weights disagree about their number
 */
export async function openSource(name: string, at: string = name, options: ResolveOptions = {}): Promise<MergeSource> {
  const { path } = await resolve(at, options);
  const { tensors, config, info } = await opened(path);
  const stack = stackOf(tensors, name);
  const said = layersOfConfig(config);
  if (said === undefined)
    throw new UserError("Its config.json does not say how many layers there are", { where: name });
  if (said !== stack.layers.length) {
    throw new UserError(`Its config.json says ${said} layers, its weights have ${stack.layers.length}`, {
      where: name,
      fix: "Files may be missing: fetch it again",
    });
  }
  return { name, stack, config, info, hub: (await isLocal(name)) || !isHubId(name) ? undefined : name.split("@")[0] };
}

/** Whether opening a model of this name may fetch it from somewhere. */
export async function mayFetch(name: string): Promise<boolean> {
  const { hub, url } = (Object.hasOwn(knownNames, name) && knownNames[name]) || {};
  return (isHubId(name) || (hub ?? url) !== undefined) && !(await isLocal(name));
}

/** Whether a name of a configuration is a path of this machine. */
async function isLocal(name: string): Promise<boolean> {
  return await exists(name.replace(/^~(?=\/)/, homedir()));
}

type Opened = { readonly tensors: NamedTensors; readonly config: ConfigJson; readonly info: CompanionSource };

async function opened(path: string): Promise<Opened> {
  const format = await formatOf(path);
  const folder = folderOf(format);
  const config = folder && (await readJson(join(folder, "config.json")));
  if (folder === undefined || isKintsugi(config) || isOfType(config, "diffllama"))
    return await openedByKit(path, format);
  if (!isRecord(config)) throw new UserError("config.json is no JSON object", { where: path });
  const stored = format.kind === "safetensors" ? readSafetensors(format.file) : readSafetensorsFolder(folder);
  return { tensors: (await stored).tensors, config, info: { format: format.kind, path, folder } };
}

function folderOf(format: Format): string | undefined {
  if (format.kind === "safetensors-folder") return format.folder;
  return format.kind === "safetensors" ? dirname(format.file) : undefined;
}

async function openedByKit(path: string, { kind }: Format): Promise<Opened> {
  // A GGUF file tells the ids of special tokens with its vocabulary.
  const checkpoint = await open(path, { tokenizer: kind === "gguf" });
  const { model } = checkpoint;
  const placed = model.config.layers.some(({ mixer }) => mixer.kind === "differentialV1");
  const { config, sources } = savedForm(model, { like: checkpoint, format: placed ? "kintsugi" : undefined });
  const tensors = sources.flatMap(([name, source]) => ("file" in source ? [[name, source] as const] : []));
  return { tensors: new Map(tensors), config, info: checkpoint.info };
}
