/** Mixtures as values: what is drawn from, how often, and what the rows mean. */
import { UserError } from "../../errors.js";
import { checkForm, type FormSpec } from "./forms.js";
import { checkWeight } from "./mix.js";

/** One source of a mixture, as plain JSON. */
export type SourceSpec = {
  /** A path, a name in the mirror, a known corpus, or a data set of the hub, `org/name` or `org/name@revision`. */
  readonly from: string;
  /** How often its documents are drawn, in proportion to the other sources. */
  readonly weight: number;
  /** Where `from` has several; default `train`. */
  readonly split?: string;
  /** Without it the columns of the first row say. */
  readonly form?: FormSpec;
  /** Rows to read, from the first on; all of them without it. Files behind them are not fetched. */
  readonly rows?: number;
  /** Rows without text are an error, unless they are to be passed over. */
  readonly blank?: "skip";
};

/** What to learn from, as plain JSON. */
export type MixtureSpec = {
  readonly sources: readonly SourceSpec[];
  /** Share of documents held back for validation, by a hash of each; 0 holds back none. */
  readonly validation: number;
  /** One of `chatTemplates`, for conversations; without it the model's own. */
  readonly template?: string;
};

/**
 * What must hold of a mixture before anything is read.
 *
 * @throws UserError that names the source
 */
export function checkMixture({ sources, validation }: MixtureSpec): void {
  if (sources.length === 0) throw new UserError("the mixture is empty", { where: "sources", expected: "a source" });
  if (!(validation >= 0 && validation < 1)) {
    throw new UserError(`the share for validation is ${validation}`, { where: "mixture", expected: "0 ≤ share < 1" });
  }
  for (const { from, weight, form, rows, split } of sources) {
    checkWeight(weight, from);
    if (form !== undefined) checkForm(form);
    if (rows !== undefined && !(Number.isInteger(rows) && rows >= 1)) {
      throw new UserError(`${rows} rows are to be read`, { where: from, expected: "a whole number from 1" });
    }
    if (split !== undefined && !/^\w[\w.-]*$/.test(split)) {
      throw new UserError(`there is no split "${split}"`, { where: from, expected: "a name such as train or test" });
    }
  }
}
