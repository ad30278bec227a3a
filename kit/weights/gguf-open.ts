import type { CheckpointInfo } from "./checkpoint.js";
import { formatOf } from "./format.js";
import { type Gguf, readGguf } from "./gguf.js";

/** The header of the GGUF file that a checkpoint lies in; `undefined` for a checkpoint of another format. */
export async function ggufOf({ format, path }: Pick<CheckpointInfo, "format" | "path">): Promise<Gguf | undefined> {
  if (format !== "gguf") return undefined;
  const found = await formatOf(path);
  return found.kind === "gguf" ? await readGguf(found.span) : undefined;
}
