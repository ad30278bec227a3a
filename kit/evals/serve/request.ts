/** What a client may ask of `/v1/completions`, read field by field. */
import { UserError } from "../../errors.js";
import type { Tokenizer } from "../../text/index.js";
import { neutral } from "../tasks/generation.js";

/** Prompts as ids, and either how likely they are or what comes next. */
export type CompletionRequest = {
  readonly prompts: readonly Int32Array[];
  /** Score the prompts and one token behind them (`echo` with `logprobs`), or write on. */
  readonly wants: "scores" | "text";
  readonly tokens: number;
  readonly stop: readonly string[];
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly seed?: number;
};

export type RequestLimits = {
  /** Tokens of a prompt and its continuation together. */
  readonly context: number;
  /** Prompts in one request. */
  readonly prompts: number;
};

/** Fields that are read, and two that change no answer. */
const known: ReadonlySet<string> = new Set(
  "prompt echo logprobs max_tokens stop temperature top_k top_p seed model user".split(" "),
);

/** Fields that are taken with the one value that asks for nothing. */
const nothing: ReadonlyMap<string, unknown> = new Map([...neutral, ["stream", false]]);

/** Most stop strings, and characters of one: all of them are looked for behind each token. */
const [STOPS, STOP_CHARACTERS] = [64, 1000];

/** Tokens that are written unless `max_tokens` says how many. */
const TOKENS = 16;

/**
 * Reads the body of a request: all that can be wrong with it is found here, before it waits in a queue with others.
 *
 * Texts are encoded without a begin marker: the harness counts a context's ids by the same rule, and one more in front
 * would shift every score by one token.
 *
 * @throws UserError that names the field that is wrong
 */
export function readCompletion(body: unknown, tokenizer: Tokenizer, limits: RequestLimits): CompletionRequest {
  const fields = objectOf(body);
  refuseOthers(fields);
  const { echo, logprobs } = fields;
  const scores = (logprobs ?? false) !== false;
  if (scores && logprobs !== 1) {
    throw new UserError(`logprobs is ${JSON.stringify(logprobs)}`, { expected: "1: the best token in each place" });
  }
  if ((echo ?? false) !== scores) {
    throw new UserError("echo and logprobs come together here", { expected: "both, or neither" });
  }
  const [least, most] = scores ? [1, 1] : [0, limits.context];
  const tokens =
    numberOf(fields, "max_tokens", `a whole number from ${least} to ${most}`, isWhole(least, most)) ??
    (scores ? 1 : TOKENS);
  const prompts = promptsOf(fields.prompt, tokenizer);
  if (prompts.length > limits.prompts) {
    throw new UserError(`there are ${prompts.length} prompts`, { expected: `at most ${limits.prompts}` });
  }
  for (const ids of prompts) {
    const bad = ids.find((id) => !(id >= 0 && id < tokenizer.vocab));
    if (bad !== undefined) throw new UserError(`${bad} is not a token id`, { expected: `0 to ${tokenizer.vocab - 1}` });
    if (ids.length > 0 && ids.length + tokens <= limits.context) continue;
    throw new UserError(`a prompt has ${ids.length} tokens, and ${tokens} are to follow`, {
      where: "prompt",
      expected: `1 to ${limits.context} together`,
      fix: `Set the harness's max_length to ${limits.context}`,
    });
  }
  return {
    prompts,
    wants: scores ? "scores" : "text",
    tokens,
    stop: stopsOf(fields.stop),
    temperature: numberOf(fields, "temperature", "a number from 0 to 100", (value) => value >= 0 && value <= 100) ?? 1,
    topK: numberOf(fields, "top_k", "a whole number from 1", isWhole(1)),
    topP: numberOf(fields, "top_p", "a number above 0, at most 1", (value) => value > 0 && value <= 1),
    seed: numberOf(fields, "seed", "a whole number from 0", isWhole(0)),
  };
}

/** What is asked for and not done would otherwise look done. */
function refuseOthers(fields: { readonly [field: string]: unknown }): void {
  for (const [name, value] of Object.entries(fields)) {
    if (value === null || known.has(name) || (nothing.has(name) && nothing.get(name) === value)) continue;
    throw new UserError(`${name} is ${JSON.stringify(value)}, which is not done here`, {
      expected: nothing.has(name) ? String(nothing.get(name)) : `nothing but ${[...known].join(", ")}`,
    });
  }
}

/** A JSON object. */
export function objectOf(body: unknown): { readonly [field: string]: unknown } {
  if (typeof body === "object" && body !== null && !Array.isArray(body))
    return body as { readonly [field: string]: unknown };
  throw new UserError("the body is no JSON object", { expected: '{ "prompt": … }' });
}

/** One prompt or many, texts or ids. */
function promptsOf(prompt: unknown, tokenizer: Tokenizer): readonly Int32Array[] {
  if (typeof prompt === "string") return [tokenizer.encode(prompt)];
  if (isIds(prompt)) return [Int32Array.from(prompt)];
  const list: readonly unknown[] = Array.isArray(prompt) ? prompt : [];
  if (list.length > 0) {
    if (list.every((each) => typeof each === "string")) return list.map((text) => tokenizer.encode(text));
    if (list.every(isIds)) return list.map((ids) => Int32Array.from(ids));
  }
  throw new UserError("the prompt is neither text nor ids", {
    where: "prompt",
    expected: "a text, a list of ids, or a list of either",
  });
}

/** Whether a value is a list of token ids. */
export function isIds(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) && value.length > 0 && value.every((id) => Number.isInteger(id) && Math.abs(id) < 2 ** 31)
  );
}

function stopsOf(stop: unknown): readonly string[] {
  const stops = stop === undefined || stop === null ? [] : [stop].flat();
  if (!stops.every((each): each is string => typeof each === "string")) {
    throw new UserError("stop is neither a text nor a list of texts", { where: "stop" });
  }
  if (stops.length > STOPS || stops.some(({ length }) => length > STOP_CHARACTERS)) {
    throw new UserError("stop has too many texts, or too long ones", {
      where: "stop",
      expected: `at most ${STOPS} texts of at most ${STOP_CHARACTERS} characters`,
    });
  }
  return stops.filter((each) => each !== "");
}

function numberOf(
  fields: { readonly [field: string]: unknown },
  name: string,
  expected: string,
  fits: (value: number) => boolean,
): number | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number" && fits(value)) return value;
  throw new UserError(`${name} is ${JSON.stringify(value)}`, { expected });
}

function isWhole(least: number, most: number = Number.MAX_SAFE_INTEGER): (value: number) => boolean {
  return (value) => Number.isInteger(value) && value >= least && value <= most;
}
