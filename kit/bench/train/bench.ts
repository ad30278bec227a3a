import { join } from "node:path";
import { type MatmulPrecision, read, type Tensor, tree } from "../../engine/index.js";
import { nearest, UserError } from "../../errors.js";
import { countLinearParameters, countParameters, flopsPerToken, init, type ModelConfig } from "../../model/index.js";
import { projectRoot } from "../../source/index.js";
import { writeSafetensors } from "../../weights/safetensors-write.js";
import { Contestant, withContestants } from "../harness/contestant.js";
import type { KitSettings } from "../harness/kitTrainer.js";
import { busyNote, machineFacts } from "../harness/machine.js";
import { say } from "../harness/table.js";
import {
  canCompile,
  compete,
  ratio,
  sameLosses,
  showTraining,
  type Trained,
  type Trainer,
  writeBatches,
} from "../harness/training.js";
import type { BenchOptions } from "../main.js";
import { peer } from "../peers.js";
import { type PresetName, presets } from "./presets.js";

const [batch, time, seed] = [8, 256, 0];

/** `bench -- train`: a training step of a ternary Gated DeltaNet, against PyTorch. */
export async function benchTrain({ rounds = 7, only, preset = "teenyS" }: BenchOptions): Promise<void> {
  if (only !== undefined) throw new UserError("bench train has no parts", { fix: "Leave --only out" });
  if (!Object.hasOwn(presets, preset)) {
    const close = nearest(preset, Object.keys(presets));
    throw new UserError(`bench train has no preset "${preset}"`, {
      expected: Object.keys(presets).join(" or "),
      fix: close === undefined ? undefined : `Did you mean ${close}?`,
    });
  }
  const config = presets[preset as PresetName];
  const { python, versions } = await peer("torch");
  say(`${machineFacts()} · PyTorch ${versions.torch}`);
  say(`${rounds} interleaved rounds. ${busyNote() ?? ""}`.trim());
  const flops = 3 * flopsPerToken(config, 1) * batch * time;
  say(
    `\nTraining step: ${preset}, ${countParameters(config).toLocaleString("en")} parameters, ` +
      `${countLinearParameters(config).toLocaleString("en")} of them ternary; ${batch} × ${time} tokens,`,
  );
  say(`forward, backward, clip to norm 1, AdamW; ${(flops / 1e9).toFixed(0)} GFLOP. Each in a process of its own.`);
  const task = await prepare(preset as PresetName, config);
  const trainers = contestants(python);
  await withContestants(
    trainers.map(({ contestant }) => contestant),
    async () => report(await compete(trainers, task, rounds)),
  );
}

/** Those that the last lines are about. */
const names = {
  xla: "kintsugi XLA",
  rounded: "kintsugi XLA, bf16",
  eager: "PyTorch eager",
  compiled: "torch.compile",
} as const;

function contestants(python: string): Trainer[] {
  const tolerances: Readonly<Record<MatmulPrecision, number>> = { float32: 1e-3, bf16: 5e-3 };
  const kit = (name: string, backend: KitSettings["backend"], matmul: MatmulPrecision): Trainer => ({
    contestant: Contestant.kit(name, "train/worker.js"),
    settings: { backend, matmul },
    ours: true,
    tolerance: tolerances[matmul],
  });
  const torch = (name: string, backend: "eager" | "compile", matmul: MatmulPrecision): Trainer => ({
    contestant: Contestant.peer(name, python, "deltanet.py"),
    settings: { backend, matmul },
    ours: false,
    tolerance: tolerances[matmul],
  });
  const compiled = (): Trainer[] => [
    torch(names.compiled, "compile", "float32"),
    torch("torch.compile, bf16 autocast", "compile", "bf16"),
  ];
  return [
    kit(names.xla, "xla", "float32"),
    kit("kintsugi graph", "graph", "float32"),
    kit(names.rounded, "xla", "bf16"),
    kit("kintsugi graph, bf16", "graph", "bf16"),
    torch(names.eager, "eager", "float32"),
    torch("PyTorch eager, bf16 autocast", "eager", "bf16"),
    ...(canCompile() ? compiled() : []),
  ];
}

/** What PyTorch's side needs to know of the config. */
function sizesOf(config: ModelConfig): Readonly<Record<string, number>> {
  const { mixer } = config.layers[0];
  if (mixer.kind !== "gatedDeltaNet" || mixer.gate.kind !== "logsigmoid") {
    throw new Error("deltanet.py is a Gated DeltaNet with a logsigmoid gate");
  }
  const { heads, keyDim, valueDim, chunk, gate } = mixer;
  const { width, normEps, layers } = config;
  const normaliser = gate.gateLogitNormalizer;
  return { width, normEps, layers: layers.length, heads, keyDim, valueDim, chunk, normaliser };
}

/** Writes the initial weights and the batches once, for everybody. */
async function prepare(preset: PresetName, config: ModelConfig): Promise<Readonly<Record<string, unknown>>> {
  const cache = join(projectRoot(), ".cache", "bench", `train-${preset}`);
  const [weights, data] = [join(cache, "weights.safetensors"), join(cache, "data.int32")];
  // Frequencies as of words: a loss that falls from the first step tells more than one that cannot.
  writeBatches(data, batch, time, (u) => Math.min(config.vocab - 1, Math.floor(config.vocab ** u)));
  const { params } = init(config, seed);
  const leaves = tree.entries<Tensor>(params);
  await writeSafetensors(
    weights,
    leaves.map(([path, leaf]) => [path, { dtype: "F32", shape: leaf.shape, values: read(leaf) }] as const),
  );
  return { preset, seed, data, weights, batch, time, learningRate: 1e-3, decay: 0.1, clip: 1, sizes: sizesOf(config) };
}

function report(trained: readonly Trained[]): void {
  const named = (name: string): Trained | undefined => trained.find(({ contestant }) => contestant.name === name);
  const eager = named(names.eager)!;
  const compiled = named(names.compiled);
  showTraining(trained, eager, batch * time);
  sameLosses(trained, eager);
  for (const ours of [named(names.xla)!, named(names.rounded)!]) {
    const parts = [
      `${ours.contestant.name}: ${ratio(ours, eager)} PyTorch eager`,
      ...(compiled === undefined ? [] : [`${ratio(ours, compiled)} torch.compile`]),
      `${(ours.peakBytes / eager.peakBytes).toFixed(2)} × PyTorch eager's memory`,
      `second step after ${(ours.firstMs / 1000).toFixed(0)} s`,
    ];
    say(parts.join(", "));
  }
}
