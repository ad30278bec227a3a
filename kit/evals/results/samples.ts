/** One line of a samples file for each document, as the harness writes it. */
import { createHash } from "node:crypto";
import type { Sample } from "../evaluate.js";
import { dumps } from "../python/json.js";
import { type Json, PythonFloat, pythonText } from "../python/text.js";
import { outputTypeOf, type Request } from "../requests/requests.js";
import type { Answer, MetricValue, TaskConfig } from "../tasks/config.js";

/** Hashes that say what was asked about a document. */
export type SampleHashes = { readonly doc: string; readonly prompt: string; readonly target: string };

export function sampleHashes({ doc, requests, target }: Sample): SampleHashes {
  return {
    doc: sha256(dumps(doc, { indent: 2, ascii: false })),
    prompt: sha256(argumentsOf(requests[0])[0] as string),
    target: sha256(pythonText(target)),
  };
}

/** The hash of all that a task asked. */
export function taskHash(samples: readonly Sample[]): string {
  const all = createHash("sha256");
  for (const sample of samples) {
    const { doc, prompt, target } = sampleHashes(sample);
    all.update(doc + prompt + target);
  }
  return all.digest("hex");
}

/** A line of the file, without the line feed. */
export function sampleLine(config: TaskConfig, sample: Sample): string {
  const { id, doc, target, requests, answers, filtered, filter, metrics } = sample;
  const hashes = sampleHashes(sample);
  const line: Json = {
    doc_id: id,
    doc,
    target: pythonText(target),
    arguments: Object.fromEntries(
      requests.map((request, i) => [
        `gen_args_${i}`,
        Object.fromEntries(argumentsOf(request).map((argument, j) => [`arg_${j}`, argument])),
      ]),
    ),
    resps: answers.map((own) => own.map(asTexts)),
    filtered_resps: filtered.map(asTexts),
    filter,
    metrics: Object.keys(metrics),
    doc_hash: hashes.doc,
    prompt_hash: hashes.prompt,
    target_hash: hashes.target,
    ...Object.fromEntries(Object.entries(metrics).map(([metric, value]) => [metric, typed(config, metric, value)])),
  };
  return dumps(line, { ascii: false });
}

function argumentsOf(request: Request): readonly Json[] {
  switch (request.kind) {
    case "loglikelihood":
      return [request.context, request.continuation];
    case "loglikelihood_rolling":
      return [request.text];
    case "generate_until":
      return [
        request.context,
        Object.fromEntries(Object.entries(request.options).map(([key, value]) => [key, option(key, value)])),
      ];
  }
}

/** Python holds temperatures as floats. */
function option(key: string, value: Json | undefined): Json | undefined {
  return key === "temperature" && typeof value === "number" ? new PythonFloat(value) : value;
}

/** Every number as the text Python prints. */
function asTexts(answer: Answer): Json {
  if (typeof answer === "number") return pythonText(new PythonFloat(answer));
  if (typeof answer === "string") return answer;
  if (!("logLikelihood" in answer)) return answer;
  return [pythonText(new PythonFloat(answer.logLikelihood)), pythonText(answer.greedy)];
}

/** A value with the type it has in Python: some scores are integers there, totals are divided by integers. */
function typed(config: TaskConfig, metric: string, value: MetricValue): Json {
  if (typeof value !== "number") return [new PythonFloat(value[0]), value[1]];
  const type = outputTypeOf(config);
  const whole =
    (type === "loglikelihood" && metric === "acc") || (type === "multiple_choice" && metric === "exact_match");
  return whole ? value : new PythonFloat(value);
}

function sha256(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}
