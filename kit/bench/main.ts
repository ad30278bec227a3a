/** `npm run bench -- NAME [options]`. */
import { parseArgs } from "node:util";
import { nearest, UserError } from "../errors.js";
import { say } from "./harness/table.js";

/** Options of the benches. */
export type BenchOptions = {
  readonly rounds?: number;
  readonly only?: string;
  /** Which model, where a bench has several. */
  readonly preset?: string;
  /** Whether what is measured is kept in results/benches. */
  readonly record?: boolean;
  /** How long a load lasts, where a bench has one. */
  readonly seconds?: number;
};

type Bench = {
  readonly about: string;
  readonly load: () => Promise<(options: BenchOptions) => Promise<void>>;
  readonly takesPreset?: true;
  /** Whether it measures a load for a time, in place of parts in rounds. */
  readonly takesSeconds?: true;
  /** Whether its figures can be kept: others are derived from them. */
  readonly records?: true;
};

const benches: Readonly<Record<string, Bench>> = {
  convert: {
    about: "a 2.2 GB checkpoint converted (--preset narrow: 0.14 GB), against a plain copy",
    load: async () => (await import("./convert/bench.js")).benchConvert,
    takesPreset: true,
  },
  decode: {
    about: "a token and a prompt by position: constant state against attention",
    load: async () => (await import("./decode/bench.js")).benchDecode,
    records: true,
  },
  engine: {
    about: "matrix products, the cost of an operation, a training step, against NumPy and PyTorch",
    load: async () => (await import("./engine/bench.js")).benchEngine,
  },
  eval: {
    about: "documents a second of evaluations (--preset MODEL, --only TASK), against lm-evaluation-harness",
    load: async () => (await import("./eval/bench.js")).benchEval,
    takesPreset: true,
  },
  generate: {
    about: "prompt and decoding of SmolLM2-135M, against transformers",
    load: async () => (await import("./generate/bench.js")).benchGenerate,
  },
  merge: {
    about: "layers of a 2.2 GB checkpoint stacked (--preset narrow: 0.14 GB), against mergekit",
    load: async () => (await import("./merge/bench.js")).benchMerge,
    takesPreset: true,
  },
  modules: {
    about: "a training step of TinyStories-656K with each of Liquid Metal's modules, against that without",
    load: async () => (await import("./modules/bench.js")).benchModules,
    records: true,
  },
  serve: {
    about: "the completions server under 1, 8 and 64 clients (--seconds 60), and under clients that misbehave",
    load: async () => (await import("./serve/bench.js")).benchServe,
    takesSeconds: true,
  },
  train: {
    about: "a training step of a ternary Gated DeltaNet (--preset teenyS), against PyTorch",
    load: async () => (await import("./train/bench.js")).benchTrain,
    takesPreset: true,
  },
};

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parsed(args);
  const [name, ...more] = positionals;
  if (values.help || name === undefined) return help();
  const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
  if (bench === undefined || more.length > 0) {
    const close = nearest(name, Object.keys(benches));
    throw new UserError(bench === undefined ? `there is no bench "${name}"` : `one bench at a time`, {
      expected: Object.keys(benches).join(" or "),
      fix: bench === undefined && close !== undefined ? `Did you mean ${close}?` : undefined,
    });
  }
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  const parts = ["rounds", "only"] as const;
  const idle = bench.takesSeconds === true ? parts.find((option) => values[option] !== undefined) : undefined;
  if (idle !== undefined) {
    throw new UserError(`bench ${name} has no parts and no rounds`, { fix: `Leave --${idle} out` });
  }
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds >= 1 && rounds <= 1000)) {
    throw new UserError(`--rounds ${values.rounds}`, { expected: "a whole number from 1 to 1000" });
  }
  if (values.preset !== undefined && bench.takesPreset === undefined) {
    throw new UserError(`bench ${name} has no presets`, { fix: "Leave --preset out" });
  }
  if (values.record === true && bench.records === undefined) {
    throw new UserError(`bench ${name} keeps no record`, { fix: "Leave --record out" });
  }
  const seconds = values.seconds === undefined ? undefined : Number(values.seconds);
  if (seconds !== undefined && !(seconds >= 1 && seconds <= 3600 && bench.takesSeconds === true)) {
    throw new UserError(`--seconds ${values.seconds}`, { expected: "1 to 3600, for a bench of a load" });
  }
  await (await bench.load())({ rounds, only: values.only, preset: values.preset, record: values.record, seconds });
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: "boolean", short: "h" },
        rounds: { type: "string" },
        only: { type: "string" },
        preset: { type: "string" },
        record: { type: "boolean" },
        seconds: { type: "string" },
      },
    });
  } catch (error) {
    throw new UserError(error instanceof Error ? error.message : String(error), { fix: "--help lists what there is" });
  }
}

function help(): void {
  say("npm run bench -- NAME [--rounds N] [--only PART] [--preset NAME] [--record]");
  say("npm run bench -- serve [--seconds S]\n");
  const rows = Object.entries(benches).map(([name, { about }]) => `  ${name.padEnd(10)}${about}`);
  say(rows.join("\n"));
  say("\nContestants take turns in processes of their own. Peers are installed into .peers/ on first use.");
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UserError) console.error(`bench: ${error.message}`);
  else console.error(error);
  process.exitCode = 1;
}
