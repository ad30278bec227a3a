import { availableParallelism, totalmem } from "node:os";
import { backend } from "./tensorflow.js";
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
