/**
 * A gradient through 8 layers of which each would keep 96 MiB; reports the memory it took.
 *
 * An array has 32 MiB: from that size on glibc returns what is freed at once, so the peak is what was held, not
 * what its arenas had left over.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { peakBytes } from "../../../bench/harness/memory.js";
import * as e from "../../../engine/index.js";

const [backend, again] = [process.argv[2] as e.ExecutionBackend, process.argv[3] === "again"];
const folder = mkdtempSync(join(tmpdir(), "recompute-"));
// Compiling takes XLA more memory than this function does: let it say what it has planned.
if (backend === "xla") process.env.XLA_FLAGS = `--xla_dump_to=${folder} --xla_dump_hlo_as_text`;

function plannedBytes(): number {
  const report = readdirSync(folder).find((name) => name.endsWith("memory-usage-report.txt"))!;
  return Number(/^Total bytes used: (\d+)/.exec(readFileSync(join(folder, report), "utf8"))![1]);
}

type Inputs = { readonly x: e.Tensor; readonly w: e.Tensor };
const layer = ({ x, w }: Inputs): e.Tensor => e.tanh(e.matmul(e.tanh(e.square(x)), w));
const stack = ({ x, w }: Inputs): e.Tensor => {
  let y = x;
  for (let i = 0; i < 8; i++) y = again ? e.recompute(layer, { x: y, w }) : layer({ x: y, w });
  return e.mean(e.square(y));
};
const gradient = e.compile((inputs: Inputs) => e.valueAndGradient(stack, inputs), { backend });

const inputs = { x: e.random.normal(e.random.key(1), [65536, 128]), w: e.random.normal(e.random.key(2), [128, 128]) };
const { value, gradients } = gradient(inputs);
const slope = e.item(e.sum(e.square(gradients.w)));
const bytes = backend === "xla" ? plannedBytes() : peakBytes();
rmSync(folder, { recursive: true });
console.log(JSON.stringify({ megabytes: bytes / 2 ** 20, value: e.item(value), slope }));
