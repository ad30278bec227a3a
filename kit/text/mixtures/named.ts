/** Mixtures by name: what the models that this kit takes up were healed on. */
import { nearest, UserError } from "../../errors.js";
import type { FormSpec } from "./forms.js";
import type { MixtureSpec, SourceSpec } from "./spec.js";

/** Rows of each data set that are read: the nine have millions, and a healing run here sees thousands. */
const ROWS = 20_000;

/** A data set of the hub, one among equals. */
function dataSet(from: string, more: Pick<SourceSpec, "split" | "form"> = {}): SourceSpec {
  return { from, weight: 1, rows: ROWS, blank: "skip", ...more };
}

const textbook: FormSpec = { kind: "text", column: "textbook" };

/**
 * Mixtures by name.
 *
 * `differential-liquid-metal`: the nine data sets in the header of the card of Differential-Attention-Liquid-Metal-
 * Tinyllama. The card tells neither shares nor a chat template: here all nine have the same weight, and the template is that
 * of TinyLlama's chat model. “Textbooks are all you need style” sets are read as texts, not as questions.
 *
 * `cinder`: what Liquid-Metal-Tinyllama-Test-1 was trained on for an epoch, “a Cinder dataset”. Its card does not say which
 * of that name, nor where it is: it is looked for in the mirror's folder `cinder`, and nowhere else.
 */
export const namedMixtures: Readonly<Record<string, MixtureSpec>> = {
  "differential-liquid-metal": {
    sources: [
      dataSet("HuggingFaceH4/ultrachat_200k", { split: "train_sft" }),
      dataSet("Open-Orca/OpenOrca", { form: { kind: "orca" } }),
      dataSet("Josephgflowers/OpenOrca-Step-by-step-reasoning"),
      dataSet("nampdn-ai/tiny-orca-textbooks", { form: textbook }),
      dataSet("HuggingFaceTB/cosmopedia-100k", { form: { kind: "text" } }),
      dataSet("garage-bAInd/Open-Platypus", { form: { kind: "alpaca" } }),
      dataSet("nampdn-ai/tiny-textbooks", { form: textbook }),
      dataSet("teknium/openhermes", { form: { kind: "alpaca" } }),
      dataSet("KaggleMasterX/NASA_Complete"),
    ],
    validation: 0.01,
    template: "zephyr",
  },
  cinder: {
    sources: [{ from: "cinder", weight: 1, blank: "skip" }],
    validation: 0.01,
    template: "zephyr",
  },
};

/**
 * A mixture of {@link namedMixtures}.
 *
 * @throws UserError for a name that is not there, with the nearest that is
 */
export function namedMixture(name: string): MixtureSpec {
  if (Object.hasOwn(namedMixtures, name)) return namedMixtures[name];
  const near = nearest(name, Object.keys(namedMixtures));
  throw new UserError(`there is no mixture "${name}"`, {
    expected: Object.keys(namedMixtures).join(" or "),
    fix: near && `Did you mean ${near}?`,
  });
}
