/** Data sets of the hub as a folder or the mirror may hold them. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../errors.js";
import { resolve } from "../../source/index.js";
import { readDocuments, readJsonl } from "../../text/index.js";
import type { Doc, TaskConfig } from "../tasks/config.js";
import { within } from "../tasks/within.js";
import { readDocs } from "./documents.js";
import { dataFolder } from "./folders.js";

/** A data set's own form outside of the hub. */
type Local = {
  /** Begins the names of its files: `arc_easy_test.jsonl`. */
  readonly stem?: string;
  /** Turns a row into one as the hub's are, where it is of another form; others are left alone. */
  readonly row?: (row: Doc) => Doc;
  /** Finds the rows of a split where they are kept in a way of their own: in a folder that was given, or in the mirror. */
  readonly find?: (split: string, data: string | undefined, name: string) => Promise<readonly Doc[] | undefined>;
};

/** Data sets by their id on the hub, some by id and name. */
const locals: Readonly<Record<string, Local>> = {
  "allenai/ai2_arc ARC-Easy": { stem: "arc_easy", row: arcRow },
  "allenai/ai2_arc ARC-Challenge": { stem: "arc_challenge", row: arcRow },
  "Rowan/hellaswag": { stem: "hellaswag", row: hellaswagRow },
  "baber/piqa": { stem: "piqa" },
  "allenai/winogrande winogrande_xl": { stem: "winogrande" },
  "allenai/openbookqa main": { stem: "openbookqa" },
  "aps/super_glue boolq": { stem: "boolq", row: boolqRow },
  "aps/super_glue copa": { stem: "copa" },
  "EleutherAI/lambada_openai default": { stem: "lambada_openai", row: lambadaRow },
  "EleutherAI/wikitext_document_level wikitext-2-raw-v1": { find: wikitextPages },
  "nyu-mll/blimp": { find: blimpRows },
};

/** How a split is called in names of files. */
const splitNames: Readonly<Record<string, readonly string[]>> = {
  validation: ["validation", "val", "dev", "valid"],
  train: ["train"],
  test: ["test"],
};

/** A data set with its name, such as `allenai/ai2_arc` and `ARC-Easy`. */
export type DatasetId = { readonly path: string; readonly name?: string };

/**
 * The rows of a split in the folder that was given, or without one in the mirror.
 *
 * Either holds files such as `lm_eval_tasks/arc_easy_test.jsonl`, `wikitext2/wiki.test.raw` and `blimp/blimp.jsonl.gz`; in a
 * folder that was given they may lie by themselves. Rows have the hub's columns, or are prompts with choices (`query`,
 * `choices`, `gold`).
 *
 * @returns nothing where they are not there
 */
export async function localRows(
  { path, name }: DatasetId,
  split: string,
  data?: string,
): Promise<readonly Doc[] | undefined> {
  const local = locals[`${path} ${name}`] ?? locals[path];
  if (local === undefined) return undefined;
  const file = local.stem === undefined ? undefined : await fileIn("lm_eval_tasks", data, namesOf(local.stem, split));
  if (file !== undefined) {
    return (await readDocs(file)).map((row, id) => within(`document ${id}`, () => local.row?.(row) ?? row));
  }
  return await local.find?.(split, data, name ?? "");
}

/**
 * The rows of a task of the kit's own that is not about the whole split. A task of that name from a file is another, as is any
 * other on the same data.
 *
 * @returns nothing for any other task
 */
export async function ownRows(
  { task, metadata }: TaskConfig,
  split: string,
  data?: string,
): Promise<readonly Doc[] | undefined> {
  const isOwn = task === "tinystories" && metadata?.config_source === undefined;
  return isOwn ? await validationStories(split, data) : undefined;
}

/** The first of some files that is in a folder of the mirror; where a folder was given, there or in the one of that name below. */
async function fileIn(folder: string, data: string | undefined, names: readonly string[]): Promise<string | undefined> {
  const folders = [data, await dataFolder(folder, data)].filter((each) => each !== undefined);
  return folders.flatMap((each) => names.map((name) => join(each, name))).find((path) => existsSync(path));
}

/** What the file of a split may be called. */
function namesOf(stem: string, split: string): readonly string[] {
  return (splitNames[split] ?? [split]).flatMap((each) =>
    // A part of HellaSwag that others have published as well.
    ["", ...(stem === "hellaswag" ? ["_olmes1000"] : [])].flatMap((part) =>
      ["jsonl", "json", "parquet"].map((ending) => `${stem}_${each}${part}.${ending}`),
    ),
  );
}

function isPrepared(row: Doc): row is Doc & { readonly query: string; readonly choices: readonly string[] } {
  return typeof row.query === "string" && Array.isArray(row.choices);
}

/** ARC: from a prompt back to its question. */
function arcRow(row: Doc): Doc {
  if (!isPrepared(row)) return row;
  const question = between(row.query, "Question: ", "\nAnswer:");
  const label = row.choices.map((_, i) => String.fromCharCode(65 + i));
  return { id: row.id ?? null, question, choices: { text: row.choices, label }, answerKey: label[Number(row.gold)] };
}

function hellaswagRow(row: Doc): Doc {
  return isPrepared(row) ? { ...row, label: String(row.gold) } : row;
}

/** BoolQ: the choices were yes and no, the hub's label counts no and yes. */
function boolqRow(row: Doc): Doc {
  if (!isPrepared(row)) return row;
  const at = row.query.lastIndexOf("\nQuestion: ");
  const question = between(row.query.slice(at), "\nQuestion: ", "?\nAnswer:");
  const label = row.choices[Number(row.gold)] === "yes" ? 1 : 0;
  return { question, passage: row.query.slice(0, at), idx: row.idx ?? null, label };
}

function lambadaRow(row: Doc): Doc {
  if (typeof row.context !== "string" || typeof row.continuation !== "string") return row;
  return { text: `${row.context} ${row.continuation}` };
}

function between(text: string, before: string, behind: string): string {
  if (text.startsWith(before) && text.endsWith(behind)) return text.slice(before.length, -behind.length);
  throw new UserError(`a prompt is ${JSON.stringify(text.slice(0, 80))}…`, {
    expected: `a text from ${JSON.stringify(before)} to ${JSON.stringify(behind)}`,
  });
}

/** Pages of WikiText-2: a page begins with a heading of the first level, such as ` = Robert Boulter = `. */
async function wikitextPages(split: string, data: string | undefined): Promise<readonly Doc[] | undefined> {
  const path = split === "test" ? await fileIn("wikitext2", data, ["wiki.test.raw"]) : undefined;
  if (path === undefined) return undefined;
  const pages: string[][] = [[]];
  for (const line of readFileSync(path, "utf8").split("\n")) {
    const heading = line.trim();
    if (/^= (?!= )/.test(heading) && /[^=] =$/.test(heading)) pages.push([]);
    pages[pages.length - 1].push(line);
  }
  return pages.map((lines) => ({ page: lines.join("\n") })).filter(({ page }) => page.trim() !== "");
}

let blimpFile: { readonly path: string; readonly rows: Promise<readonly Doc[]> } | undefined;

/** BLiMP in one file for all phenomena; it is read once for the 67 tasks. */
async function blimpRows(split: string, data: string | undefined, name: string): Promise<readonly Doc[] | undefined> {
  const path = split === "train" ? await fileIn("blimp", data, ["blimp.jsonl.gz"]) : undefined;
  if (path === undefined) return undefined;
  if (blimpFile?.path !== path) blimpFile = { path, rows: readDocs(path) };
  const rows = (await blimpFile.rows).filter(({ uid }) => uid === name);
  return rows.map(({ good, bad, ...rest }) => ({ sentence_good: good, sentence_bad: bad, ...rest }));
}

/** How many stories of TinyStories' validation split every copy of it has whole: the task `tinystories` reads so many, of the hub's too. */
export const STORIES = 220;

/** The first validation stories of TinyStories, from the mirror or the hub. */
async function validationStories(split: string, data: string | undefined): Promise<readonly Doc[] | undefined> {
  if (split !== "validation") return undefined;
  const names = ["valid_v1_221.jsonl", "TinyStories-valid.txt"];
  const path =
    (await fileIn("tinystories", data, names)) ??
    (data === undefined ? join((await resolve("tinystories")).path, names[1]) : undefined);
  if (path === undefined) return undefined;
  const stories = path.endsWith(".jsonl") ? readJsonl(path) : readDocuments(path);
  const docs: Doc[] = [];
  for (const text of stories) if (docs.push({ text: text.trim() }) === STORIES) break;
  return docs;
}
