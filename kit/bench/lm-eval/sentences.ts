/** A task of texts that are written, which needs no download: sentences of toy stories are to be finished. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { toyStory } from "../../text/index.js";

/** Another world of stories than the one pico has read. */
const SEED = 11;

/** Documents of the task. */
const DOCUMENTS = 40;

/**
 * Writes the task and its documents: the beginning of a story up to some word, and the rest of that sentence. Some beginnings are
 * longer than a model like pico reads.
 *
 * @param folder exists
 * @returns the task file's path
 */
export function writeSentences(folder: string): string {
  const rows = Array.from({ length: DOCUMENTS }, (_, i) => JSON.stringify(cut(toyStory(SEED, i).text, i)));
  writeFileSync(join(folder, "sentences.jsonl"), rows.join("\n"));
  const task = {
    task: "toy_sentences",
    dataset_path: "json",
    dataset_kwargs: { data_files: { test: "sentences.jsonl" } },
    test_split: "test",
    output_type: "generate_until",
    doc_to_text: "{{begin}}",
    doc_to_target: "{{end}}",
    generation_kwargs: { until: [".", "!"], max_gen_toks: 16, temperature: 0, do_sample: false },
    metric_list: [{ metric: "exact_match", aggregation: "mean", higher_is_better: true }],
    metadata: { version: 1 },
  };
  const path = join(folder, "toy_sentences.yaml");
  // JSON is YAML.
  writeFileSync(path, JSON.stringify(task, undefined, 2));
  return path;
}

/** A story cut after some of its words. */
function cut(text: string, i: number): { readonly begin: string; readonly end: string } {
  const words = text.split(" ");
  const at = 1 + ((i * 37) % (words.length - 1));
  const [end] = words.slice(at).join(" ").split(/[.!]/);
  return { begin: words.slice(0, at).join(" "), end: ` ${end}` };
}
