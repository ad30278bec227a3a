/** Clients that ask one request after the other. */

export type LoadOptions = {
  readonly clients: number;
  readonly seconds: number;
  readonly path?: string;
  readonly body: object;
};

/** What they saw; latencies in ms. */
export type Load = {
  readonly answered: number;
  readonly errors: number;
  readonly seconds: number;
  readonly median: number;
  readonly p99: number;
};

/** A request for the scores of prompts of 60 tokens; which ones does not matter, only that they differ. */
export function scoredBody(prompts: number): object {
  const prompt = Array.from({ length: prompts }, (_, i) =>
    Array.from({ length: 60 }, (_, t) => 3 + ((31 * i + 7919 * t) % 500)),
  );
  return { model: "m", prompt, temperature: 0, max_tokens: 1, logprobs: 1, seed: 1234, echo: true };
}

/** Asks as many clients as there are for so long. */
export async function load(
  url: string,
  { clients, seconds, path = "/v1/completions", body }: LoadOptions,
): Promise<Load> {
  const text = JSON.stringify(body);
  const latencies: number[] = [];
  let errors = 0;
  const began = performance.now();
  const end = began + 1000 * seconds;
  const client = async (): Promise<void> => {
    while (performance.now() < end) {
      const start = performance.now();
      const answer = await fetch(url + path, { method: "POST", body: text }).catch(() => undefined);
      await answer?.arrayBuffer();
      if (answer?.ok === true) latencies.push(performance.now() - start);
      else errors++;
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const sorted = Float64Array.from(latencies).sort();
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return {
    answered: latencies.length,
    errors,
    seconds: (performance.now() - began) / 1000,
    median: at(0.5),
    p99: at(0.99),
  };
}
