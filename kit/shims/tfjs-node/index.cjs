/**
 * danfojs-node asks for the class of tensors whenever it makes a data frame, and for TensorFlow itself only when frames are
 * added, turned into tensors and the like: then it gets the package that the engine uses, so that there is one TensorFlow.
 */
const names = { Tensor: () => require("@tensorflow/tfjs-core").Tensor };

module.exports = new Proxy(
  {},
  { get: (_, name) => (Object.hasOwn(names, name) ? names[name]() : require("@tensorflow/tfjs-node-gpu")[name]) },
);
