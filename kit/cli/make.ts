import { Command } from "commander";
import { makePico } from "../lab/index.js";

/** `kintsugi make`: what the kit makes itself. */
export function makeCommand(): Command {
  const make = new Command("make").description("make what the kit makes itself");
  make
    .command("pico")
    .description("train the sample model on toy stories and write data/sample/pico and its record")
    .option("--force", "replace the model and record that are there", false)
    .action(async ({ force }: { force: boolean }) => {
      await makePico({
        force,
        report: ({ step, tokens, lossNats, stepMs }) => {
          if (step % 50 === 0)
            console.log(`step ${step}  ${tokens} tokens  ${lossNats.toFixed(4)} nats  ${stepMs.toFixed(0)} ms`);
        },
      });
    });
  return make;
}
