/** Factors that a healing fitted: layer by layer for a person, and as a configuration beside the model. */
import { join } from "node:path";
import * as lab from "../lab/index.js";
import { writeAtomically } from "../source/files.js";
import { type Factors, factorsByName, fittedFactor } from "../surgery/index.js";
import { shortName } from "../surgery/passthrough/names.js";
import { table } from "./words.js";

/**
 * Writes `fitted.yml`, from which `kintsugi merge` makes the model anew, into the model's folder.
 *
 * @returns a line for each layer: where it comes from, and what its matrices are multiplied by in all
 */
export async function writeFitted(initial: lab.PretrainedSpec, factors: Factors, out: string): Promise<string> {
  const merge = await lab.fittedMerge(initial, factors);
  const file = join(out, "fitted.yml");
  await writeAtomically(file, (handle) => handle.writeFile(merge.text));
  return `${fittedTable(merge.plan, factors)}\n\n${file}`;
}

function fittedTable({ parts: { layers } }: lab.FittedMerge["plan"], factors: Factors): string {
  const byName = factorsByName(factors);
  const rows = layers.map(({ source, part, tensors }, number) => {
    const fitted = tensors.filter(({ name }) => byName.has(name));
    return { place: [String(number), `${source} ${part}`], fitted };
  });
  const present = new Set(rows.flatMap(({ fitted }) => fitted.map(({ name }) => name)));
  const names = [...new Set([...byName.keys()].filter((name) => present.has(name)).map(shortName))];
  return table(
    [
      ["layer", "from", ...names],
      ...rows.map(({ place, fitted }) => {
        const of = new Map(fitted.map((tensor) => [shortName(tensor.from), fittedFactor(tensor, byName).toFixed(4)]));
        return [...place, ...names.map((name) => of.get(name) ?? "")];
      }),
    ],
    [0, ...names.map((_, i) => i + 2)],
  );
}
