import { Command } from "commander";
import * as generate from "../generate/index.js";
import { rounded } from "../model/index.js";
import { number, whole } from "./arguments.js";
import { loadSpeaker } from "./speaker.js";

type Options = {
  readonly model: string;
  readonly prompt: string;
  readonly stream?: boolean;
  readonly json?: boolean;
} & generate.GenerateOptions;

/** `kintsugi generate`: continue a prompt. */
export function generateCommand(): Command {
  return new Command("generate")
    .description("continue a prompt")
    .requiredOption("-m, --model <name>", "a known name, a file or a folder")
    .requiredOption("-p, --prompt <text>", "the text to continue")
    .option("--max-tokens <n>", "most tokens to add", whole(0), 64)
    .option("--temperature <t>", "0 takes the best token", number, 0)
    .option("--top-k <k>", "only the k best tokens", whole(1))
    .option("--top-p <p>", "only the best tokens that together reach p", number)
    .option("--repetition-penalty <r>", "above 1 repeats less", number)
    .option("--seed <n>", "selects the random numbers", whole(0), 0)
    .option("--stop <text...>", "strings at which the text ends")
    .option("--stream", "print text as it arrives")
    .option("--json", "print the result as JSON")
    .action(run);
}

async function run({ model: name, prompt, stream, json, ...options }: Options): Promise<void> {
  const { model, tokenizer } = await loadSpeaker(name);
  const speaker = { model: rounded(model), tokenizer };
  const live = stream === true && json !== true;
  if (live) process.stdout.write(prompt);
  const onPiece = live ? (piece: string) => void process.stdout.write(piece) : undefined;
  const result = await generate.text(speaker, prompt, { ...options, onPiece });
  if (json) console.log(JSON.stringify({ prompt, ...result }));
  else console.log(live ? "" : prompt + result.text);
}
