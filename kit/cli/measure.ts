import { Command } from "commander";
import { nearest, UserError } from "../errors.js";
import * as lab from "../lab/index.js";
import { measurements } from "../studies/index.js";
import { stopSignal } from "./stopping.js";
import { plural } from "./words.js";

/** `kintsugi measure`: whatever measurements are missing, of the models that are there. */
export function measureCommand(): Command {
  return new Command("measure")
    .description("measure models that stand: merges, and what studies have left; taken once, kept as records")
    .argument("[names...]", "measurements, or the beginnings of their names, such as merges; default: all")
    .action(async (names: readonly string[]) => {
      const signal = stopSignal();
      const archive = new lab.Archive(lab.recordsFolder(), (message) => console.error(message));
      const wanted = chosen(names);
      const { known, waiting: ahead } = lab.knownMeasurements(wanted, archive);
      const endings = new Map<lab.Measuring, number>();
      for (const measurement of known) {
        if (signal.aborted) {
          process.exitCode = 130;
          return;
        }
        const ending = await lab.takeMeasurement(measurement);
        endings.set(ending, (endings.get(ending) ?? 0) + 1);
        if (ending === "taken") console.log(measurement.name);
      }
      const waiting = ahead + (endings.get("no model") ?? 0);
      const taken = endings.get("taken") ?? 0;
      console.log(`${plural(taken, "measurement")} taken, ${endings.get("taken before") ?? 0} there before`);
      if (waiting > 0) console.log(`${waiting} wait for the models of their studies: npx kintsugi study`);
    });
}

function chosen(names: readonly string[]): typeof measurements {
  if (names.length === 0) return measurements;
  const all = measurements.map(({ name }) => name);
  const unknown = names.find((name) => !all.some((one) => one === name || one.startsWith(`${name}/`)));
  if (unknown !== undefined) {
    const near = nearest(unknown, all);
    throw new UserError(`there is no measurement "${unknown}"`, {
      expected: [...new Set(all.map((name) => name.split("/")[0]))].join(", "),
      fix: near === undefined ? undefined : `Did you mean ${near}?`,
    });
  }
  return measurements.filter(({ name }) => names.some((one) => one === name || name.startsWith(`${one}/`)));
}
