import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { temporaryFolder } from "../source/testing/folder.js";
import { keptModel, modelFolder, type RunPlace } from "./models.js";

it("a model is found below the study that carried its run out", () => {
  const root = temporaryFolder();
  const run: RunPlace = { study: "one", arm: "control", seed: 0, spec: "0123abcd" };
  const asked: RunPlace = { ...run, study: "other", arm: "none" };
  expect(keptModel(asked, join(root, "nowhere"))).toBeUndefined();
  const keep = (place: RunPlace): string => {
    const folder = modelFolder(place, root);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "config.json"), "{}");
    return folder;
  };
  const folder = keep(run);
  expect(keptModel(asked, root)).toBe(folder);
  expect(keptModel({ ...asked, seed: 1 }, root)).toBeUndefined();
  expect(keptModel({ ...asked, spec: "0123abce" }, root)).toBeUndefined();
  // Its own place comes first.
  const own = keep(asked);
  expect(keptModel(asked, root)).toBe(own);
});
