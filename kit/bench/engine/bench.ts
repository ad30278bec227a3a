import { UserError } from "../../errors.js";
import { busyNote, machineFacts } from "../harness/machine.js";
import { say } from "../harness/table.js";
import { peer } from "../peers.js";
import { benchOverhead } from "./overhead.js";
import { benchProducts } from "./products.js";
import { benchTraining } from "./training.js";

const parts = ["products", "overhead", "training"];

/** `bench -- engine`: matrix products, the cost of an operation, a training step, against NumPy and PyTorch. */
export async function benchEngine({ rounds = 7, only }: { rounds?: number; only?: string }): Promise<void> {
  if (only !== undefined && !parts.includes(only)) {
    throw new UserError(`bench engine has no part "${only}"`, { expected: parts.join(", ") });
  }
  const { python, versions } = await peer("torch");
  say(`${machineFacts()} · NumPy ${versions.numpy} · PyTorch ${versions.torch}`);
  say(`${rounds} interleaved rounds. ${busyNote() ?? ""}`.trim());
  const wants = (part: string): boolean => only === undefined || only === part;
  if (wants("products")) await benchProducts(python, rounds);
  if (wants("overhead")) await benchOverhead(python, rounds);
  if (wants("training")) say(await benchTraining(python, rounds));
}
