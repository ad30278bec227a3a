import { cpSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { projectRoot } from "../source/index.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { open } from "../weights/index.js";
import { writeSmall } from "../weights/testing/llama.js";
import { convertCommand } from "./convert.js";
import { runCommand } from "./testing/run.js";

/** What the command prints. */
async function run(...args: string[]): Promise<string> {
  return (await runCommand(convertCommand(), args)).out;
}

test("the layers asked for are converted; what was added is said, and the folder", async () => {
  const base = temporaryFolder();
  const [from, out] = [writeSmall(join(base, "from")), join(base, "out")];
  const text = await run(from, out, "--recipe", "liquidMetal", "--layers", "1", "--rank", "2", "--pool", "ema:0.9");
  // Two norms with 2 × 8 and 8 × 2, a kernel of 3 × 8, a gate of 1 × 8 and 8 × 1.
  expect(text).toMatch(/^mixerNorm +32\nmlpNorm +32\ntokenMixing +24\nsqueezeExcite +16\nadded +104$/m);
  expect(text.split("\n").at(-1)).toBe(out);
  expect(text).not.toContain("does not begin as the base");
  const rewritten = await run(from, join(base, "rewritten"), "--recipe", "liquidMetal", "--init", "standard");
  expect(rewritten).toMatch(/^does not begin as the base: .*; --measure FILE shows what is lost$/m);
  const { model, info } = await open(out);
  expect(model.config.layers.map(({ norm }) => norm.kind)).toEqual(["rmsNorm", "adaptiveRmsNorm"]);
  expect(model.config.layers[1].norm).toMatchObject({ rank: 2, pool: { kind: "ema", decay: 0.9 } });
  expect(JSON.parse(String(info.metadata["kintsugi.conversion"]))).toMatchObject({
    recipe: { layers: [{ first: 1, last: 1 }], init: "identity" },
    seed: 0,
  });
});

test("on a text the damage is measured", async () => {
  const base = temporaryFolder();
  const text = join(base, "text.txt");
  writeFileSync(text, "The dog ran to the tree. The cat sat down.");
  const same = await run("pico", join(base, "same"), "--recipe", "differentialV2", "--measure", text);
  expect(same).toMatch(/loss (\d\.\d{4}) → \1 nats a token, .*\nno layer diverges$/m);
  const lost = await run("pico", join(base, "lost"), "--recipe", "differentialLiquidMetal", "--measure", text);
  expect(lost).toMatch(/^layers\.0 is the first that diverges$/m);
});

test("a model that takes its base's place is compared with what stood there", async () => {
  const base = temporaryFolder();
  const [text, model] = [join(base, "text.txt"), join(base, "model")];
  writeFileSync(text, "The dog ran to the tree. The cat sat down.");
  cpSync(join(projectRoot(), "data", "sample", "pico"), model, { recursive: true });
  const said = await run(model, model, "--recipe", "differentialLiquidMetal", "--force", "--measure", text);
  expect(said).toMatch(/^layers\.0 is the first that diverges$/m);
  expect((await open(model)).model.config.layers[0].mixer.kind).toBe("differentialV1");
});

test.each<[string, string, RegExp]>([
  ["pico", "", /The text has 0 tokens \(--measure\): expected two at least/],
  ["pico", "a", /The text has 1 token \(--measure\)/],
  [writeSmall(join(temporaryFolder(), "small")), "The dog ran.", /has no tokenizer/],
])("%s cannot be measured on %j: that is told before anything is written", async (source, words, message) => {
  const base = temporaryFolder();
  const [text, out] = [join(base, "text.txt"), join(base, "out")];
  writeFileSync(text, words);
  await expect(run(source, out, "--recipe", "liquidMetal", "--measure", text)).rejects.toThrow(message);
  expect(existsSync(out)).toBe(false);
});

test("layers that a recipe adds do nothing at first", async () => {
  const base = temporaryFolder();
  const [text, file] = [join(base, "text.txt"), join(base, "recipe.json")];
  writeFileSync(text, "The dog ran to the tree. The cat sat down.");
  writeFileSync(file, JSON.stringify({ newLayers: [{ first: 0, last: 1 }], init: "identity" }));
  const said = await run("pico", join(base, "deeper"), "--recipe", file, "--measure", text);
  expect(said).toMatch(/loss (\d\.\d{4}) → \1 nats a token, .*\nof another depth: layers are not compared$/m);
});

test.each<[string[], RegExp]>([
  [["--recipe", "liquidmetal"], /did you mean liquidMetal/],
  [[], /required option '--recipe <recipe>' not specified/],
  [["--recipe", "liquidMetal", "--layers", "8-x"], /"8-x" names no layers: expected all, or ranges/],
  [["--recipe", "liquidMetal", "--layers", "0-2"], /There are no layers 0-2: expected layers from 0 to 1/],
  [["--recipe", "liquidMetal", "--pool", "ema:2"], /Expected prefix, ema:0\.99 or sequence/],
  [["--recipe", "liquidMetal", "--rank", "0"], /Expected a whole number from 1 on/],
  [
    ["--recipe", "differentialV2", "--rank", "4"],
    /--rank turns nothing of this recipe: expected one with adaptive norms\. Leave --rank out/,
  ],
  [["--recipe", "differentialV2", "--pool", "prefix"], /--pool turns nothing .* adaptive norms or gates/],
  [["--recipe", "ternary", "--layers", "0-1"], /--layers turns nothing .* heads, attention or liquid/],
  [["--recipe", "ternary", "--init", "standard"], /--init turns nothing .* attention or liquid/],
  [["--recipe", "differentialLiquidMetal"], /heads of layer 0 cannot be split: headDim is 2/],
  [["--recipe", "liquidMetal", "--measure", "/no/such.txt"], /The text \/no\/such\.txt cannot be read \(ENOENT\)/],
])("%j is one clear error, and nothing is written", async (options, message) => {
  const base = temporaryFolder();
  await expect(run(writeSmall(join(base, "from")), join(base, "out"), ...options)).rejects.toThrow(message);
  await expect(open(join(base, "out"))).rejects.toThrow();
});

test("a recipe is read from a JSON file, and options go over what it says", async () => {
  const base = temporaryFolder();
  const file = join(base, "recipe.json");
  writeFileSync(
    file,
    JSON.stringify({ liquid: { parts: ["tokenMixing", "squeezeExcite"], kernel: 4 }, init: "identity" }),
  );
  const from = writeSmall(join(base, "from"));
  await run(from, join(base, "out"), "--recipe", file, "--layers", "0", "--pool", "ema:0.5");
  const { model } = await open(join(base, "out"));
  expect(model.config.layers.map(({ tokenMixing }) => tokenMixing?.kernel)).toEqual([4, undefined]);
  expect(model.config.layers[0]).toMatchObject({
    norm: { kind: "rmsNorm" },
    squeezeExcite: { pool: { kind: "ema", decay: 0.5 } },
  });
  writeFileSync(file, JSON.stringify({ liquid: { kernels: 4 }, init: "identity" }));
  await expect(run(from, join(base, "none"), "--recipe", file)).rejects.toThrow(/no field liquid\.kernels.*kernel/);
});

test.each<[object, string[], string]>([
  [{ liquid: { parts: ["squeezeExcite"] } }, ["--rank", "4"], "adaptive norms"],
  [{ liquid: { parts: ["tokenMixing"] } }, ["--pool", "prefix"], "adaptive norms or gates"],
  [{ newLayers: [{ first: 0, last: 0 }] }, ["--layers", "0"], "heads, attention or liquid"],
  [{ heads: 1 }, ["--init", "standard"], "attention or liquid"],
])("of %j the option %j turns nothing, which is said", async (recipe, [option, value], what) => {
  const base = temporaryFolder();
  const file = join(base, "recipe.json");
  writeFileSync(file, JSON.stringify({ ...recipe, init: "identity" }));
  const from = writeSmall(join(base, "from"));
  await expect(run(from, join(base, "none"), "--recipe", file, option, value)).rejects.toThrow(
    `${option} turns nothing of this recipe: expected one with ${what}. Leave ${option} out`,
  );
});
