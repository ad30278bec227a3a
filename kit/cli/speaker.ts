import type { Speaker } from "../generate/index.js";
import * as weights from "../weights/index.js";
import { progressLine } from "./progress.js";

/** A model that can be given text, loaded under its progress line. @throws UserError when it has no tokenizer */
export async function loadSpeaker(name: string): Promise<Speaker> {
  const line = progressLine(process.stderr);
  const { model, tokenizer } = await weights.load(name, { progress: line.show }).finally(line.end);
  return { model, tokenizer: weights.requireTokenizer(name, tokenizer) };
}
