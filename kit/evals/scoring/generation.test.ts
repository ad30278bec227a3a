import { beforeAll, expect, it } from "vitest";
import type { Speaker } from "../../generate/index.js";
import type { Tokenizer } from "../../text/index.js";
import { load, requireTokenizer } from "../../weights/index.js";
import { generator, type Prompt } from "./generation.js";

let speaker: Speaker;
let ids: Int32Array;

beforeAll(async () => {
  const { model, tokenizer } = await load("pico");
  speaker = { model, tokenizer: requireTokenizer("pico", tokenizer) };
  ids = speaker.tokenizer.encode("Once upon a time there was a little dog. ".repeat(40));
});

const prompt = (length: number, tokens: number): Prompt => ({
  ids: ids.subarray(0, length),
  tokens,
  // Drawn: the best tokens would end a story sooner.
  options: { until: [], temperature: 1, seed: 5 },
});

it("ends at a stop string that is a marker, which is left out of the text", async () => {
  const { model, tokenizer } = speaker;
  const write = async (tokenizer: Tokenizer, until: readonly string[]) => {
    const prompts = [{ ids: ids.subarray(0, 8), tokens: 12, options: { until } }];
    return (await generator(model, tokenizer, { backend: "graph" })(prompts))[0];
  };
  const written: number[] = [];
  const bytes = (id: number): Uint8Array => {
    written.push(id);
    return tokenizer.bytes(id);
  };
  await write({ ...tokenizer, bytes }, []);
  // One of the tokens becomes a marker.
  const marker = written[6];
  const marked = { ...tokenizer, isSpecial: (id: number) => id === marker || tokenizer.isSpecial(id) };
  const tokens = written.indexOf(marker);
  const text = tokenizer.decode(written.slice(0, tokens));
  expect(await write(marked, [tokenizer.tokenOf(marker)])).toEqual({ text, tokens, ending: "stop" });
  expect(await write(marked, [])).toMatchObject({ tokens: 12, ending: "length" });
});

it("continues each prompt as if it were alone, whatever stands beside it", async () => {
  const { model, tokenizer } = speaker;
  const { context } = model.config;
  const generate = generator(model, tokenizer, { backend: "graph" });
  // The first two have room together only if one ends the other early; the last has no room at all for what it asks.
  const prompts = [prompt(8, 60), prompt(context - 16, 8), prompt(9, 3), prompt(context - 4, 40)];
  const alone = [];
  for (const each of prompts) alone.push(...(await generate([each])));
  expect(alone.map(({ tokens }) => tokens)).toEqual([60, 8, 3, 5]);
  const steps: number[] = [];
  const together = await generate(prompts, { progress: (done) => steps.push(done) });
  expect(together).toEqual(alone);
  expect(steps.at(-1)).toBe(prompts.length);
});

it("draws by the temperature alone, as the harness's API models are told", async () => {
  const { model, tokenizer } = speaker;
  const generate = generator(model, tokenizer, { backend: "graph" });
  const written = async (options: object): Promise<string> =>
    (await generate([{ ids: ids.subarray(0, 8), tokens: 16, options: { until: [], seed: 5, ...options } }]))[0].text;
  const best = await written({});
  const drawn = await written({ temperature: 1.5 });
  expect(drawn).not.toBe(best);
  for (const options of [{ do_sample: true }, { do_sample: true, temperature: 0 }, { temperature: null }]) {
    expect(await written(options)).toBe(best);
  }
  for (const do_sample of [true, false, null]) expect(await written({ do_sample, temperature: 1.5 })).toBe(drawn);
});
