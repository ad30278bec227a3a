import { Command } from "commander";
import * as evals from "../evals/index.js";
import { whole } from "./arguments.js";
import { loadSpeaker } from "./speaker.js";
import { stopSignal } from "./stopping.js";

type Options = {
  readonly port: number;
  readonly host: string;
  readonly apiKey?: string;
  readonly maxBatch: number;
  readonly maxContext?: number;
  readonly allowLeak?: true;
};

/** `kintsugi serve`: a model for the real lm-evaluation-harness, `--model local-completions`. */
export function serveCommand(): Command {
  return new Command("serve")
    .description("serve a model to lm-evaluation-harness (local-completions) and other clients of completions")
    .argument("<model>", "a known name, a file or a folder")
    .option("--port <n>", "0 for any that is free", whole(0), 8000)
    .option("--host <address>", "beyond this machine only with a key", "127.0.0.1")
    .option("--api-key <key>", "asked of every client")
    .option("--max-batch <n>", "most sequences read at once, and in one request", whole(1), 64)
    .option("--max-context <n>", "tokens of a prompt and its continuation (default: the model's)", whole(3))
    .option("--allow-leak", "serve a model that sees the future; its scores compare with no others")
    .action(run);
}

async function run(name: string, options: Options): Promise<void> {
  // The address before weights: a typo costs no download.
  evals.checkListening(options);
  const speaker = await loadSpeaker(name);
  const serving = await evals.serve(speaker, { ...options, name });
  const maxLength = options.maxContext ?? speaker.model.config.context;
  const told = evals.modelArguments({ url: serving.url, name, speaker, maxLength });
  const args = Object.entries(told)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
  // It sends the key of its environment where it asks for scores, and that of its arguments where it asks for ids.
  const [wants, given] =
    options.apiKey === undefined
      ? ["the harness wants", args]
      : ["with the key in OPENAI_API_KEY, the harness wants", `"${args},auth_token=$OPENAI_API_KEY"`];
  console.log(`${name} at ${serving.url}; ${wants}`);
  console.log(`--model local-completions --model_args ${given}`);
  stopSignal().addEventListener("abort", () => void serving.close());
}
