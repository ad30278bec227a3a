/**
 * `npm run check:mergekit [-- --random N]`: the real mergekit and the kit merge the same models by the same configurations: the
 * same tensors, byte for byte, the same config, tokenizer and model card; what the kit takes from tensor names is what
 * mergekit's tables of architectures say.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { UserError } from "../errors.js";
import { merge, planMerge } from "../surgery/index.js";
import { stackOf } from "../surgery/passthrough/names.js";
import { readSafetensorsFolder } from "../weights/index.js";
import { check, inScratch, type Verdict } from "./harness/check.js";
import { Contestant, withContestants } from "./harness/contestant.js";
import { say } from "./harness/table.js";
import { type Configuration, configurations } from "./mergekit/configurations.js";
import { writeModels } from "./mergekit/models.js";
import { peer } from "./peers.js";

const seed = 5;

async function main(args: readonly string[], verdict: Verdict): Promise<void> {
  const count = randomCount(args);
  const { python, versions } = await peer("mergekit");
  say(`mergekit ${versions.mergekit}, torch ${versions.torch}, transformers ${versions.transformers}`);
  await inScratch("mergekit", async (folder) => {
    await writeModels(folder, seed);
    await withContestants([Contestant.peer("mergekit", python, "merge.py")], async ([mergekit]) => {
      await compareTables(mergekit, verdict);
      for (const each of [...configurations(folder, seed, count), ...referenceConfigurations()]) {
        verdict(each.name, await compared(each, folder, mergekit));
      }
      for (const [name, text] of refusedConfigurations()) verdict(name, await bothRefuse(text, folder, mergekit));
    });
  });
}

function randomCount(args: readonly string[]): number {
  try {
    const { values } = parseArgs({ args: [...args], options: { random: { type: "string", default: "20" } } });
    return Number(values.random);
  } catch (error) {
    throw new UserError(error instanceof Error ? error.message : String(error), {
      fix: "There is one option, --random N",
    });
  }
}

const mirror = join(process.env.KINTSUGI_MIRROR ?? "", "reference", "mergekit");

/** mergekit merges these although they are mistaken; the kit refuses them. */
const mistaken = ["10-misspelt.yaml", "12-reversed-range.yaml"];

/** The configurations of the mirror, if there is one, with absolute paths. */
function referenceConfigurations(): Configuration[] {
  if (!existsSync(mirror)) return [];
  const files = readdirSync(mirror).filter((name) => name.endsWith(".yaml") && !mistaken.includes(name));
  return files.map((name) => {
    const text = withPaths(readFileSync(join(mirror, name), "utf8"));
    return { name, text, shardBytes: name.includes("shards") ? 30_000 : undefined };
  });
}

function refusedConfigurations(): [string, string][] {
  const file = join(mirror, "expected-2.json");
  if (!existsSync(file)) return [];
  const { errors } = JSON.parse(readFileSync(file, "utf8")) as { errors: Record<string, { yaml: string }> };
  return Object.entries(errors).map(([name, { yaml }]) => [name, withPaths(yaml)]);
}

function withPaths(text: string): string {
  return text.replaceAll(/\bpico-\w+/g, (name) => join(mirror, name));
}

async function compared(each: Configuration, folder: string, mergekit: Contestant): Promise<string[]> {
  const file = join(folder, "merge.yml");
  const [mine, theirs] = [join(folder, "merged"), join(folder, "peer", "merged")];
  for (const out of [mine, theirs]) rmSync(out, { recursive: true, force: true });
  writeFileSync(file, each.text);
  const options = each.shardBytes === undefined ? {} : { out_shard_size: each.shardBytes };
  await mergekit.ask("merge", { file, out: theirs, options });
  await merge(await planMerge(file), mine, { maxShardBytes: each.shardBytes });
  return [
    ...tensorDifferences(await hashes(mine), await hashes(theirs)),
    ...configDifferences(mine, theirs),
    ...fileDifferences(mine, theirs),
    ...cardDifferences(mine, theirs),
  ];
}

/** Element type, shape and SHA-256 of every tensor but tables of rotary angles, which the kit leaves out of all models. */
async function hashes(folder: string): Promise<Map<string, string>> {
  const { tensors } = await readSafetensorsFolder(folder);
  return new Map(
    [...tensors].flatMap(([name, { file, offset, bytes, dtype, shape }]) => {
      if (name.endsWith("rotary_emb.inv_freq")) return [];
      const data = readFileSync(file).subarray(offset, offset + bytes);
      const hash = createHash("sha256").update(data).digest("hex");
      return [[name, `${dtype} [${shape.join(", ")}] ${hash}`]];
    }),
  );
}

function tensorDifferences(mine: ReadonlyMap<string, string>, theirs: ReadonlyMap<string, string>): string[] {
  const names = new Set([...mine.keys(), ...theirs.keys()]);
  return [...names].flatMap((name) => {
    const [a, b] = [mine.get(name) ?? "missing", theirs.get(name) ?? "missing"];
    return a === b ? [] : [`${name}: ${a}, in mergekit ${b}`];
  });
}

type Json = Readonly<Record<string, unknown>>;

/** Every field that both have; transformers adds those it has defaults for, and renames two. */
function configDifferences(mine: string, theirs: string): string[] {
  const [a, b] = [mine, theirs].map((folder) => JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as Json);
  const renamed: Json = { ...a, dtype: a.torch_dtype, rope_parameters: undefined };
  const same = Object.keys(renamed).filter((field) => renamed[field] !== undefined && field in b);
  const differing = same.filter((field) => JSON.stringify(renamed[field]) !== JSON.stringify(b[field]));
  const shared = ["num_hidden_layers", "vocab_size", "dtype"].filter((field) => !same.includes(field));
  return [...differing, ...shared].map(
    (field) => `config.json: ${field} is ${JSON.stringify(renamed[field])}, in mergekit ${JSON.stringify(b[field])}`,
  );
}

/** mergekit writes a tokenizer anew when the configuration asks for it, so that only names are compared. */
function fileDifferences(mine: string, theirs: string): string[] {
  const names = (folder: string): string =>
    readdirSync(folder)
      .filter((name) => !/safetensors|generation_config/.test(name))
      .sort()
      .join(", ");
  const [a, b] = [names(mine), names(theirs)];
  const sameConfig = ["mergekit_config.yml"].filter(
    (name) => !readFileSync(join(mine, name)).equals(readFileSync(join(theirs, name))),
  );
  return [...(a === b ? [] : [`files are ${a}, of mergekit ${b}`]), ...sameConfig.map((name) => `${name} differs`)];
}

/** Cards differ in the sentence that says what made them, and in the order of models, which mergekit draws. */
function cardDifferences(mine: string, theirs: string): string[] {
  const [a, b] = [mine, theirs].map((folder) =>
    readFileSync(join(folder, "README.md"), "utf8")
      .replace(/^This is a merge of .*$/m, "")
      .replace(/(^\* .*\n)+/m, (list) => list.split("\n").sort().join("\n")),
  );
  return a === b ? [] : [`README.md is\n${a}\nin mergekit\n${b}`];
}

async function bothRefuse(text: string, folder: string, mergekit: Contestant): Promise<string[]> {
  const file = join(folder, "refused.yml");
  writeFileSync(file, text);
  const refuses = async (work: Promise<unknown>): Promise<boolean> =>
    await work.then(
      () => false,
      (error: unknown) => error instanceof UserError,
    );
  const mine = await refuses(planMerge(file));
  const theirs = await refuses(mergekit.ask("merge", { file, out: join(folder, "refused") }));
  return [...(mine ? [] : ["the kit does not refuse it"]), ...(theirs ? [] : ["mergekit does not refuse it"])];
}

type Table = readonly [
  architecture: string,
  before: readonly string[],
  layer: readonly string[],
  after: readonly string[],
];

/** What stands before and behind the layers, by the kit's reading of names and by mergekit's tables. */
async function compareTables(mergekit: Contestant, verdict: Verdict): Promise<void> {
  const tables = await mergekit.ask<readonly Table[]>("tables");
  const ref = { file: "", offset: 0, bytes: 0, dtype: "BF16", shape: [] } as const;
  const differences = tables.flatMap(([architecture, ...parts]) => {
    // One architecture counts its embedding and its head among the layers.
    const [before, layer, after] = parts.map((names) => names.filter((name) => !/\$|^layers\.0\.wte/.test(name)));
    const stack = stackOf(new Map([...before, ...layer, ...after].map((name) => [name, ref])), architecture);
    return [
      ...before
        .filter((name) => !stack.before.has(name))
        .map((name) => `${architecture}: ${name} stands before the layers`),
      ...after
        .filter((name) => !stack.after.has(name))
        .map((name) => `${architecture}: ${name} stands behind the layers`),
    ];
  });
  verdict(
    `names of ${tables.length} architectures stand before, in and behind the layers as in mergekit's tables`,
    differences,
  );
}

await check("check:mergekit", (verdict) => main(process.argv.slice(2), verdict));
