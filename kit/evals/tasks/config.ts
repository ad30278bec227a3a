/** A task as the harness's YAML describes it. Fields keep the names they have there. */
import type { Json } from "../python/text.js";

/** One example of a data set: a row with its columns. */
export type Doc = { readonly [column: string]: Json };

/** Rows of a data set by split, read when they are asked for. */
export type Splits = { readonly [split: string]: () => Promise<readonly Doc[]> };

/** What a model is asked: how likely a continuation or a whole text is, or to go on with a text. */
export type OutputType = "loglikelihood" | "loglikelihood_rolling" | "generate_until" | "multiple_choice";

/** A template, the name of a column, a value, or a function. */
export type Field<Value> = string | Value | ((doc: Doc) => Value);

/** What the model made of one document: log-likelihoods, or texts after the filters. */
export type Answer = LogLikelihood | number | string | readonly string[];

/** How likely a continuation is, and whether the model would have chosen each of its tokens. */
export type LogLikelihood = { readonly logLikelihood: number; readonly greedy: boolean };

/** What one document adds to a metric: a score, or a total with what it is divided by. */
export type MetricValue = number | readonly [total: number, weight: number];

export type MetricSpec = {
  readonly metric: string;
  readonly aggregation?: string;
  readonly higher_is_better?: boolean;
  /** Further keys are options of the metric. */
  readonly [option: string]: Json | undefined;
};

export type FilterStep = { readonly function: string; readonly [option: string]: Json | undefined };

export type FilterSpec = { readonly name: string; readonly filter: readonly FilterStep[] };

/** How examples are drawn and written; what is absent is as in the task. */
export type FewshotConfig = {
  readonly sampler?: string;
  readonly split?: string;
  readonly process_docs?: (docs: readonly Doc[]) => readonly Doc[];
  readonly samples?: readonly Doc[] | (() => readonly Doc[]);
  readonly doc_to_text?: Field<string | number>;
  readonly doc_to_choice?: Field<readonly string[]> | { readonly [label: string]: string };
  readonly doc_to_target?: Field<Target>;
  readonly gen_prefix?: string;
  readonly target_delimiter?: string;
  readonly fewshot_delimiter?: string;
};

/** How a text is to be continued. What is `null` is as if it were not there. */
export type GenerationKwargs = {
  /** Where it ends; the delimiter of the examples where a task does not say it, nowhere if it is `null`. */
  readonly until?: string | readonly string[] | null;
  /** Most tokens of an answer, by any of four names. */
  readonly max_gen_toks?: number | null;
  readonly max_new_tokens?: number | null;
  readonly max_tokens?: number | null;
  readonly max_completion_tokens?: number | null;
  readonly do_sample?: boolean | null;
  readonly temperature?: number | null;
  readonly top_k?: number | null;
  readonly top_p?: number | null;
  readonly seed?: number | null;
  /** Others may only ask for nothing. */
  readonly [option: string]: Json | undefined;
};

/** Whether a task lists the files of its data itself. */
export function listsFiles(path: string | undefined): boolean {
  return path === "json" || path === "parquet";
}

/** What is right: a text, the number of a choice, or several of either. */
export type Target = string | number | readonly (string | number)[];

/** A task. See the harness's guide for what each field means. */
export type TaskConfig = {
  readonly task: string;
  readonly task_alias?: string;
  readonly tag?: string | readonly string[];
  /** Id on the hub, a folder, or `json` or `parquet` with `data_files`. */
  readonly dataset_path?: string;
  readonly dataset_name?: string | null;
  readonly dataset_kwargs?: { readonly [name: string]: Json | undefined };
  readonly custom_dataset?: (options: { readonly [name: string]: Json | undefined }) => Splits | Promise<Splits>;
  readonly training_split?: string | null;
  readonly validation_split?: string | null;
  readonly test_split?: string | null;
  readonly fewshot_split?: string | null;
  readonly process_docs?: (docs: readonly Doc[]) => readonly Doc[];
  readonly doc_to_text?: Field<string | number>;
  readonly doc_to_target?: Field<Target>;
  readonly doc_to_choice?: Field<readonly string[]> | { readonly [label: string]: string };
  readonly process_results?: (doc: Doc, answers: readonly Answer[]) => { readonly [metric: string]: MetricValue };
  readonly description?: string;
  readonly target_delimiter?: string;
  readonly fewshot_delimiter?: string;
  readonly fewshot_config?: FewshotConfig;
  readonly num_fewshot?: number;
  readonly metric_list?: readonly MetricSpec[];
  readonly output_type?: OutputType;
  readonly generation_kwargs?: GenerationKwargs;
  readonly repeats?: number;
  readonly filter_list?: readonly FilterSpec[];
  readonly gen_prefix?: string;
  readonly should_decontaminate?: boolean;
  readonly doc_to_decontamination_query?: string;
  readonly metadata?: {
    readonly version?: number | string;
    /** What the name does not say; it is no part of the prompts, nor of what a record is of. */
    readonly description?: string;
    readonly [name: string]: Json | undefined;
  };
};

export type AggregateSpec = {
  readonly metric: string;
  readonly filter_list?: string | readonly string[] | null;
  readonly aggregation?: string;
  readonly weight_by_size?: boolean;
};

/** Tasks that are reported together. */
export type GroupConfig = {
  readonly group: string;
  readonly group_alias?: string;
  readonly task: string | readonly (string | { readonly [field: string]: unknown })[];
  readonly aggregate_metric_list?: AggregateSpec | readonly AggregateSpec[];
  readonly metadata?: { readonly version?: number | string };
};

/** Where a field of a task stands, for messages. */
export type Place = (field: string) => string;
