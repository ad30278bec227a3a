/** What a client may ask of `/v1/completions`, read field by field. */
import { UserError } from "../../errors.js";
import type { Tokenizer } from "../../text/index.js";

/** Prompts as ids, and either how likely they are or what comes next. */
export type CompletionRequest = {
  readonly prompts: readonly Int32Array[];
  /** Score the prompts and one token behind them (`echo` with `logprobs`), or write on. */
  readonly wants: "scores" | "text";
  readonly tokens: number;
  readonly stop: readonly string[];
  readonly temperature: number;
  readonly topP?: number;
  readonly seed?: number;
};

export type RequestLimits = {
  /** Tokens of a prompt and its continuation together. */
  readonly context: number;
  /** Prompts in one request. */
  readonly prompts: number;
};

/**
 * Reads the body of a request.
 *
 * Texts are encoded without a begin marker: the harness counts a context's ids by the same rule, and one more in front
 * would shift every score by one token.
 *
 * @throws UserError that names the field that is wrong
 */
export function readCompletion(body: unknown, tokenizer: Tokenizer, limits: RequestLimits): CompletionRequest {
  const fields = objectOf(body);
  const echo = fields.echo === true;
  const scores = echo && fields.logprobs !== undefined && fields.logprobs !== null && fields.logprobs !== false;
  if (echo !== scores || (!echo && Number(fields.logprobs ?? 0) > 0)) {
    throw new UserError("echo and logprobs come together here", { expected: "both, or neither" });
  }
  const tokens = numberOf(fields, "max_tokens", {
    least: scores ? 1 : 0,
    most: scores ? 1 : limits.context,
    whole: true,
  });
  const prompts = promptsOf(fields.prompt, tokenizer);
  if (prompts.length > limits.prompts) {
    throw new UserError(`there are ${prompts.length} prompts`, { expected: `at most ${limits.prompts}` });
  }
  for (const ids of prompts) {
    const bad = ids.find((id) => !(id >= 0 && id < tokenizer.vocab));
    if (bad !== undefined) throw new UserError(`${bad} is not a token id`, { expected: `0 to ${tokenizer.vocab - 1}` });
    if (ids.length > 0 && ids.length + (tokens ?? 16) <= limits.context) continue;
    throw new UserError(`a prompt has ${ids.length} tokens, and ${tokens ?? 16} are to follow`, {
      where: "prompt",
      expected: `1 to ${limits.context} together`,
      fix: `Set the harness's max_length to ${limits.context}`,
    });
  }
  return {
    prompts,
    wants: scores ? "scores" : "text",
    tokens: tokens ?? 16,
    stop: stopsOf(fields.stop),
    temperature: numberOf(fields, "temperature", { least: 0, most: 100 }) ?? 1,
    topP: numberOf(fields, "top_p", { least: 0, most: 1 }),
    seed: numberOf(fields, "seed", { least: 0, most: Number.MAX_SAFE_INTEGER, whole: true }),
  };
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
  if (stops.every((each): each is string => typeof each === "string")) return stops.filter((each) => each !== "");
  throw new UserError("stop is neither a text nor a list of texts", { where: "stop" });
}

function numberOf(
  fields: { readonly [field: string]: unknown },
  name: string,
  { least, most, whole = false }: { readonly least: number; readonly most: number; readonly whole?: boolean },
): number | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number" && value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
  throw new UserError(`${name} is ${JSON.stringify(value)}`, { expected: `a number from ${least} to ${most}` });
}
