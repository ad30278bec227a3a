/** A name that is told and asked for 128 tokens later: who has it, and who cannot be judged by it. */
import { decimals, type Evidence, type Judgement, mean } from "../../lab/index.js";
import { overTexts, type Side, together } from "./judgements.js";

/** Models whose loss of the name is compared, by the names of their measurements up to the last part. */
type Recall = {
  readonly of: readonly string[];
  readonly against: string;
  /** Of all of them. */
  readonly vocab: number;
};

/**
 * Loss of the name less that of the model compared with. Where already the latter needs as much for the name as for any token of
 * the vocabulary, `ln N`, it does not know what was told: nothing is lost or gained by a difference of such figures.
 */
export function recalled(evidence: Evidence, { of, against, vocab }: Recall, side: Side): Judgement | undefined {
  const figure = { against: `${against}/planted`, name: "natsName", unit: "nats per token of the name" };
  const judgement = together(...of.map((one) => overTexts(evidence, { ...figure, of: `${one}/planted` }, side)));
  const observed = evidence.observation(figure.against, figure.name);
  const base = mean(observed.flatMap(({ texts }) => [...texts.values()]));
  const chance = Math.log(vocab);
  if (judgement === undefined || base === undefined || base < chance) return judgement;
  const needed = `${decimals(base, 2)} nats where knowing nothing costs ${decimals(chance, 2)}`;
  return { figure: `${judgement.figure}; what it is compared with needs ${needed}`, verdict: "not testable here" };
}
