import { availableParallelism, totalmem } from "node:os";
import { UserError } from "../errors.js";
import { backend, isLoaded } from "./tensorflow.js";
import { canTrace } from "./trace.js";

/** What the engine runs on. */
export type Device = {
  readonly kind: "CPU" | "GPU";
  readonly tensorflow: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** Whether the addon can compile. */
  readonly compiles: boolean;
};

/** Facts about the device; loads TensorFlow. */
export function device(): Device {
  const native = backend();
  return {
    kind: native.isUsingGpuDevice ? "GPU" : "CPU",
    tensorflow: native.binding.TF_Version,
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    compiles: canTrace(),
  };
}

/**
 * Computes with this many threads from now on: sums are split by threads, so that their number is part of a result's last
 * bits.
 *
 * @throws UserError when TensorFlow was loaded with another number
 */
export function useThreads(count: number): void {
  if (!Number.isInteger(count) || count < 1) throw new UserError(`${count} threads`, { expected: "an integer from 1" });
  // TensorFlow reads it once, when it loads.
  const already = Number(process.env.TF_NUM_INTRAOP_THREADS ?? availableParallelism());
  if (isLoaded() && already !== count) {
    throw new UserError(`TensorFlow computes with ${already} threads already`, {
      expected: `${count}`,
      fix: "Start a new process, or restart the kernel",
    });
  }
  process.env.TF_NUM_INTRAOP_THREADS = String(count);
}
