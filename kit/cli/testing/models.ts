import { join } from "node:path";
import { init, liquid } from "../../model/index.js";
import { temporaryFolder } from "../../source/testing/folder.js";
import { open, save } from "../../weights/index.js";
import { writeSmall } from "../../weights/testing/llama.js";

/** A folder of a model that comes without a tokenizer. */
export function withoutTokenizer(): string {
  return writeSmall(join(temporaryFolder(), "small"));
}

/** A folder of a model that sees the future. */
export async function leaking(): Promise<string> {
  const pico = await open("pico");
  const config = liquid(pico.model.config, { pool: { kind: "sequence" } });
  return await save(init(config, 0), join(temporaryFolder(), "leaking"), { like: pico });
}
