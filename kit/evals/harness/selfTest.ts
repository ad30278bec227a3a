/** A server is asked what is known before it is believed. */
import { read, scope, tensor } from "../../engine/index.js";
import { UserError } from "../../errors.js";
import type { Speaker } from "../../generate/index.js";
import { tokenLogLikelihoods } from "../../measure/index.js";
import { rounded } from "../../model/index.js";

const TEXT = "Once upon a time there was a little dog. The dog";

/** Nats by which two ways through the same model may differ: other orders of summation, at one token. */
const TOLERANCE = 1e-4;

export type SelfTestOptions = { readonly apiKey?: string; readonly maxLength?: number };

/** What is read of an answer. */
type Scored = {
  readonly choices?: readonly {
    readonly logprobs?: {
      readonly token_logprobs: readonly (number | null)[];
      readonly top_logprobs: readonly (Readonly<Record<string, number>> | null)[];
    };
  }[];
};

/**
 * Sends a fixed prompt to a server, as the harness does, and compares the answer with the model itself, computed without the
 * server's batches and compiled functions.
 *
 * @param url `http://host:port`
 * @param speaker the model that is served
 * @param options the key it asks for; tokens of a prompt and its continuation, as it takes them (default the model's context)
 * @throws UserError when text has other ids there, an entry is missing, or a score is another
 */
export async function selfTest(
  url: string,
  { model, tokenizer }: Speaker,
  { apiKey, maxLength = model.config.context }: SelfTestOptions = {},
): Promise<void> {
  const post = async <Out>(path: string, body: object): Promise<Out> => {
    const headers = apiKey === undefined ? undefined : { Authorization: `Bearer ${apiKey}` };
    const answer = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
    if (!answer.ok) throw failed(`${path} answers ${answer.status}: ${(await answer.text()).slice(0, 200)}`, url);
    return (await answer.json()) as Out;
  };
  const ids = tokenizer.encode(TEXT).subarray(0, maxLength - 1);
  const { tokens } = await post<{ tokens: readonly number[] }>("/tokenize", {
    prompt: TEXT,
    add_special_tokens: false,
  });
  if (tokens.slice(0, ids.length).some((id, i) => id !== ids[i])) throw failed("a text has other ids there", url);
  const { choices } = await post<Scored>("/v1/completions", {
    prompt: [[...ids]],
    max_tokens: 1,
    temperature: 0,
    logprobs: 1,
    echo: true,
  });
  const { token_logprobs: own = [], top_logprobs: top = [] } = choices?.[0]?.logprobs ?? {};
  if (own.length !== ids.length + 1 || top.length !== own.length) {
    throw failed(`${own.length} log-probabilities of ${ids.length} tokens, where one more is due`, url);
  }
  const known = scope(() => {
    // The whole prompt is read, as the server reads it: it matters to a model that sees the future.
    const [inputs, targets] = [ids, Int32Array.of(...ids.subarray(1), 0)].map((part) => tensor(part, [1, part.length]));
    return Float32Array.from(read(tokenLogLikelihoods(rounded(model), inputs, targets)).subarray(0, -1));
  });
  for (const [i, value] of known.entries()) {
    const [score, best] = [own[i + 1] ?? Number.NaN, Math.max(...Object.values(top[i + 1] ?? {}))];
    if (!(Math.abs(score - value) <= TOLERANCE)) throw failed(`token ${i + 1} has ${score}, not ${value}`, url);
    if (!(best >= score)) throw failed(`the best token at ${i + 1} has ${best}, less than ${score}`, url);
  }
}

function failed(what: string, url: string): UserError {
  return new UserError(`the self-test fails: ${what}`, { where: url });
}
