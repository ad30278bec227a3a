import { readdirSync } from "node:fs";
import { expect, it, vi } from "vitest";
import { free } from "../engine/index.js";
import { init, llama, shapes } from "../model/index.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { Checkpoints, trainingStart, whole } from "./index.js";

// A file system such as exFAT, where a file has one name.
vi.mock("node:fs/promises", async (original) => ({
  ...(await original<typeof import("node:fs/promises")>()),
  link: () => Promise.reject(Object.assign(new Error("EPERM: operation not permitted, link"), { code: "EPERM" })),
}));

const config = llama({ vocab: 5, width: 4, depth: 1, heads: 1, hidden: 4, context: 4, tied: true });

it("the best is a copy where a file has one name", async () => {
  const store = new Checkpoints<null>(temporaryFolder());
  const state = trainingStart(whole(init(config, 0)));
  await store.save({ state, position: { step: 1, tokens: 4 } }, null, true);
  free(state);
  expect(readdirSync(store.folder).sort()).toEqual(["best.safetensors", "step-000000001.safetensors"]);
  const best = await store.best(shapes(config));
  expect(best?.position.step).toBe(1);
  expect(await store.keepOnly(best!)).toMatch(/kept\.safetensors$/);
  expect(readdirSync(store.folder)).toEqual(["kept.safetensors"]);
  expect(await store.latest(shapes(config), () => expect.unreachable())).toBeUndefined();
});
