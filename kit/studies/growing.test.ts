import { expect, it } from "vitest";
import { read, scope, type Tensor } from "../engine/index.js";
import { close } from "../engine/testing/compare.js";
import { batch, logits, type Model } from "../model/index.js";
import { convert } from "../surgery/index.js";
import { load } from "../weights/index.js";
import { growing } from "./growing.js";
import { smoke } from "./smoke.js";

const ids = batch([[1, 17, 301, 4, 99, 17, 301, 58]]);
const scores = (model: Model<Tensor>): number[] => scope(() => Array.from(read(logits(model, ids))));
const { control, layers, heads } = smoke(growing).arms;

it("what is added begins without effect", async () => {
  const { model: pico } = await load("pico");
  expect(layers.spec.model.layers).toHaveLength(2 * control.spec.model.layers.length);
  for (const { spec } of [layers, heads]) {
    if (spec.initial.kind !== "pretrained") return expect.unreachable();
    const grown = convert(pico, spec.initial.recipe!);
    expect(grown.config).toEqual(spec.model);
    close(scores(grown), scores(pico), 1e-5);
  }
});
