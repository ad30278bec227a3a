import { Command } from "commander";
import { fetchCorpus, fetchedCorpora, lookedText, type Rebuilt } from "../text/index.js";
import { progressLine } from "./progress.js";

/** `kintsugi data`: a corpus of the project's lists, rebuilt byte for byte in the cache. TensorFlow is not loaded. */
export function dataCommand(): Command {
  return new Command("data")
    .description("rebuild a corpus from its committed list of hashes; what is there already is not fetched again")
    .argument("<name>", fetchedCorpora.join(", "))
    .option("--from <paths...>", "look through these files or folders first: .jsonl, .parquet or .txt")
    .action(async (name: string, { from }: { from?: string[] }) => {
      const line = progressLine(process.stderr);
      const rebuilt = await fetchCorpus(name, {
        from,
        progress: line.show,
        report: (looked) => {
          line.end();
          console.log(lookedText(looked));
        },
      });
      line.end();
      console.log(describeRebuilt(name, rebuilt));
      if (rebuilt.corpus === undefined) process.exitCode = 1;
    });
}

/** How many of the missing texts are named. */
const SHOWN = 10;

/** What came of it, for a terminal. */
export function describeRebuilt(name: string, { corpus, count, missing, path }: Rebuilt): string {
  if (corpus !== undefined) {
    return `${name}: ${number(count)} texts, ${number(corpus.bytes)} bytes, sha256 ${corpus.sha256}\n${path}`;
  }
  const named = missing.slice(0, SHOWN).map(({ text, key }) => `  text ${text}, sha256 ${key}…`);
  const more = missing.length > SHOWN ? [`  and ${number(missing.length - SHOWN)} more`] : [];
  const head = `${name}: ${number(missing.length)} of ${number(count)} texts are missing`;
  return [head, ...named, ...more, "What was found is kept; --from names another copy to look through"].join("\n");
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}
