import { existsSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../../source/index.js";
import { open, save } from "../../weights/index.js";
import { say } from "./table.js";

/** A model as a Hugging Face folder of float32, written once: a peer then computes with the very same numbers. */
export async function exported(name: string): Promise<string> {
  const folder = join(projectRoot(), ".cache", "bench", "float32", name);
  if (existsSync(join(folder, "config.json"))) return folder;
  const like = await open(name);
  say(`  writing ${name} as float32 into .cache/bench`);
  return save(like.model, folder, { like, dtype: "F32", overwrite: true });
}
