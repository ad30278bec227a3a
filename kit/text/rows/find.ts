/** Which files of a folder or repository hold a split of a data set. */
import { basename } from "node:path";
import { literal } from "../literal.js";
import { endingOf, rowEndings } from "./read.js";

/** What is looked for among files. */
export type SplitQuery = {
  readonly split: string;
  /** The data set's name where a repository has several, as in `super_glue/boolq/…`; the hub calls the only one `default`. */
  readonly name?: string | null;
};

/** Files that are the shards of one table, in their order. */
export type Table = readonly string[];

/** Files that stand beside data and are none. */
const besides = /^(\..*|(source|readme|license|notice|requirements)[^/]*|(dataset_infos?|state|config)\.json)$/i;

/** Words that tell a split in the name of a file. */
const splitWord = "(train|test|valid|validation|val|dev|eval)(?![a-z0-9])";
const anySplit = new RegExp(`(^|[^a-z0-9])${splitWord}`, "i");

/**
 * The tables of a split among the files of a folder or repository.
 *
 * A file belongs to the split whose name is a word of its path, such as `train-00000-of-00003.parquet`. Where there is none,
 * the one table counts in whose path more is joined to that word, `train_sft.parquet`; and where no name tells any split, all
 * of them are `train`. Of several kinds of files the one that is read best counts, Parquet before JSON.
 *
 * @param names paths within the folder
 * @returns tables by their path; none where no file has that split, several where files differ in more than their numbers
 */
export function splitTables(names: readonly string[], { split, name }: SplitQuery): readonly Table[] {
  const rows = ofDataset(rowFiles(names), name);
  const word = `(^|[^a-z0-9])${literal(split)}`;
  const exact = tablesOf(rows, new RegExp(`${word}(?![a-z0-9]|_[a-z])`, "i"));
  if (exact.length > 0) return exact;
  const joined = tablesOf(rows, new RegExp(`${word}(?![a-z0-9])`, "i"));
  if (joined.length === 1) return joined;
  const untold = split === "train" ? rows.filter((file) => !anySplit.test(file)) : [];
  return tablesOf(untold, /^/);
}

/** The files in a folder of that name, or else with it in their path as a word: `irregular_verbs` is not `regular_verbs`. */
function ofDataset(files: readonly string[], name: string | null | undefined): readonly string[] {
  if (name === undefined || name === null) return files;
  const inside = files.filter((file) => file.split(/[/\\]/).includes(name));
  if (inside.length > 0) return inside;
  // Only a split may be joined to it, as in `boolq_test.jsonl`.
  const word = new RegExp(`(?<!\\w)${literal(name)}(?!(?!_${splitWord})\\w)`);
  const named = files.filter((file) => word.test(file));
  return named.length > 0 || name !== "default" ? named : files;
}

/** Of the files whose path matches, those of the best kind, shard by shard. */
function tablesOf(files: readonly string[], pattern: RegExp): readonly Table[] {
  const found = files.filter((file) => pattern.test(file));
  const best = rowEndings.find((ending) => found.some((file) => endingOf(file) === ending));
  const tables = new Map<string, string[]>();
  for (const file of found.filter((each) => endingOf(each) === best).sort()) {
    // The shards of one table differ in their numbers only.
    const stem = file.replace(/\d+-of-\d+|\d{4,}/g, "#");
    tables.set(stem, [...(tables.get(stem) ?? []), file]);
  }
  return [...tables.values()];
}

function rowFiles(names: readonly string[]): readonly string[] {
  return names.filter((name) => rowEndings.includes(endingOf(name)) && !besides.test(basename(name)));
}

/** For messages: which files of rows there are. */
export function thereAre(names: readonly string[]): string {
  const rows = rowFiles(names);
  return `there are ${rows.length === 0 ? "no files of rows" : `${rows.slice(0, 8).join(", ")}${rows.length > 8 ? ", …" : ""}`}`;
}
