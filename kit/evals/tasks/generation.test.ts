import { expect, it } from "vitest";
import { generationKwargs, mostTokens } from "./generation.js";

const check = (given: object) => generationKwargs({ ...given }, { field: "generation_kwargs", where: "FILE:4" });

it.each<[object, string]>([
  [{ max_gen_toks: "many" }, 'generation_kwargs.max_gen_toks is "many" (FILE:4): expected a whole number from 0'],
  [{ max_new_tokens: 1.5 }, "generation_kwargs.max_new_tokens is 1.5 (FILE:4): expected a whole number from 0"],
  [{ max_completion_tokens: -1 }, "generation_kwargs.max_completion_tokens is -1 (FILE:4)"],
  [{ until: ["a", 1] }, 'generation_kwargs.until is ["a",1] (FILE:4): expected a text or a list of texts'],
  [{ do_sample: 1 }, "generation_kwargs.do_sample is 1 (FILE:4): expected true or false"],
  [{ temperature: "0.7" }, 'generation_kwargs.temperature is "0.7" (FILE:4): expected a number from 0'],
  [{ top_k: 0 }, "generation_kwargs.top_k is 0 (FILE:4): expected a whole number from 1"],
  [{ top_p: 0 }, "generation_kwargs.top_p is 0 (FILE:4): expected a number above 0, at most 1"],
  [{ num_beams: 10 }, "generation_kwargs.num_beams is 10, which is not done here (FILE:4): expected 1"],
  [{ repetition_penalty: 1.2 }, "repetition_penalty is 1.2, which is not done here (FILE:4): expected 1"],
  [{ stop: ["\n"] }, 'generation_kwargs.stop is ["\\n"], which is not done here (FILE:4): expected nothing but until,'],
  [{ max_gen_tok: 3 }, "Did you mean max_gen_toks?"],
])("refuses %j", (given, message) => {
  expect(() => check(given)).toThrow(message);
});

it("takes what is done, what asks for nothing, and what is null, as it was written", () => {
  const given = {
    ...{ until: "\n", max_new_tokens: 0, do_sample: true, temperature: 0.7, top_k: 3, top_p: 1, seed: 7 },
    ...{ num_beams: 1, repetition_penalty: 1, presence_penalty: 0, n: null, stop: null },
  };
  expect(check(given)).toEqual(given);
});

it("knows the most tokens by four names, in the harness's order", () => {
  expect(mostTokens({ max_completion_tokens: 4, max_tokens: 3, max_new_tokens: 2, max_gen_toks: 1 })).toBe(1);
  expect(mostTokens({ max_completion_tokens: 4, max_tokens: 3, max_new_tokens: 0, max_gen_toks: null })).toBe(0);
  expect(mostTokens({ max_completion_tokens: 4 })).toBe(4);
  expect(mostTokens({ until: [] })).toBeUndefined();
});
