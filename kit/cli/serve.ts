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
  const key = options.apiKey !== undefined;
  const wants = key ? "with the key in OPENAI_API_KEY, the harness wants" : "the harness wants";
  console.log(`${name} at ${serving.url}; ${wants}`);
  console.log(`--model local-completions --model_args ${forShell(told, key)}`);
  if (serving.everywhere) {
    console.log("From another machine: the same with this machine's name or address in place of that above");
  }
  stopSignal().addEventListener("abort", () => void serving.close());
}

/**
 * Arguments of the harness as a shell takes them: `key=value` with commas, or JSON where a value has what would be taken apart.
 *
 * @param key whether it is to send a key, that of its environment: it does so by itself where it asks for scores, and by this
 * where it asks for ids
 */
function forShell(told: evals.ModelArguments, key: boolean): string {
  const pairs = Object.entries(told).map(([name, value]) => `${name}=${value}`);
  if (Object.values(told).every((value) => /^[\w./:@%+-]+$/.test(String(value)))) {
    return key ? `"${pairs.join(",")},auth_token=$OPENAI_API_KEY"` : pairs.join(",");
  }
  const json = JSON.stringify({ ...told, ...(key && { auth_token: "KEY" }) }).replaceAll("'", "'\\''");
  return `'${json}'`.replace(/"KEY"}'$/, `"'"$OPENAI_API_KEY"'"}'`);
}
