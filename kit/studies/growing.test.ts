import { join } from "node:path";
import { expect, it } from "vitest";
import { read, scope, type Tensor } from "../engine/index.js";
import { close } from "../engine/testing/compare.js";
import { batch, logits, type Model } from "../model/index.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { convert, merge, passthrough, planText } from "../surgery/index.js";
import { load } from "../weights/index.js";
import { growing } from "./growing.js";
import { smoke } from "./smoke.js";

const ids = batch([[1, 17, 301, 4, 99, 17, 301, 58]]);
const scores = (model: Model<Tensor>): number[] => scope(() => Array.from(read(logits(model, ids))));
const small = smoke(growing).arms;

it("what is added begins without effect", async () => {
  const { model: pico } = await load("pico");
  const [layers, heads] = [small.layers, small.heads].map(({ spec }) => spec);
  if (layers.initial.kind !== "pretrained" || heads.initial.kind !== "pretrained") return expect.unreachable();
  const folder = await merge(await planText(layers.initial.merge!, "pico"), join(temporaryFolder(), "deeper"));
  const { model: deeper } = await load(folder);
  expect(deeper.config.layers).toEqual(layers.model.layers);
  // The study's base has two layers.
  close(scores(deeper), scores(passthrough([{ model: pico, layers: [0, 2] }])), 1e-6);
  const wider = convert(pico, heads.initial.recipe!);
  expect(wider.config).toEqual(heads.model);
  close(scores(wider), scores(pico), 1e-5);
});
