export * from "./broadcast.js";
export * from "./compile.js";
export * from "./convolution.js";
export * from "./crossEntropy.js";
export * from "./device.js";
export * from "./dims.js";
export * from "./elementwise.js";
export * from "./finite.js";
export * from "./gather.js";
export * from "./gradient.js";
export * from "./make.js";
export * from "./matmul.js";
export type { Key } from "./random.js";
export * as random from "./random.js";
export * from "./recompute.js";
export * from "./recover.js";
export * from "./reduce.js";
export type { StoredDType, TensorRef } from "./ref.js";
export * from "./scope.js";
export * from "./shape.js";
export {
  type DType,
  isTensor,
  item,
  liveTensors,
  read,
  scalar,
  sizeOf,
  type Tensor,
  tensor,
  type Values,
} from "./tensor.js";
export { isLoaded, prepareTensorFlow } from "./tensorflow.js";
export type { Mapped, Tree } from "./tree.js";
export * as tree from "./tree.js";
