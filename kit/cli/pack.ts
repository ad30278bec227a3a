import { Command } from "commander";
import * as lab from "../lab/index.js";
import { decimals, signed } from "../lab/index.js";
import { studies } from "../studies/index.js";
import { named } from "./named.js";
import { count, table } from "./words.js";

/** `kintsugi pack`: the best and the worst arm of a study become part of the project. */
export function packCommand(): Command {
  return new Command("pack")
    .description("keep a study's best and worst ternary arm in results/models, packed, with what packing costs")
    .argument("<study>", "a finished one")
    .option("--models <folder>", "where `kintsugi study` kept trained models; default data/cache/models")
    .action(async (name: string, places: lab.PackingPlaces) => {
      const packed = await lab.packExtremes(lab.studyResult(named(studies, "study", name), new lab.Archive()), places);
      const rows = packed.map(({ arm, card }) => [
        arm,
        count(card.bytes),
        decimals(card.trainedBitsPerByte, 4),
        decimals(card.packedBitsPerByte, 4),
        signed(card.packedBitsPerByte - card.trainedBitsPerByte, 6),
      ]);
      console.log(table([["arm", "bytes", "bits per byte", "packed", "difference"], ...rows], [1, 2, 3, 4]));
    });
}
