/** Compiles twice with an addon that lacks the kit's methods, as the package's own build does. */
import { createRequire } from "node:module";
import { add, compile, item, scalar, type Tensor } from "../../../engine/index.js";

const require = createRequire(import.meta.url);
const backend = require("@tensorflow/tfjs-node-gpu").backend() as { binding: object };
const missing = ["Begin", "Placeholder", "Constant", "Op", "Function", "End"].map((name) => [`trace${name}`, {}]);
backend.binding = Object.create(backend.binding, Object.fromEntries(missing));

const warnings: string[] = [];
console.warn = (message: string) => warnings.push(message);
const double = compile((x: Tensor) => add(x, x), { backend: "xla" });
const triple = compile((x: Tensor) => add(x, add(x, x)));
const values = [double(scalar(2)), triple(scalar(3)), double(scalar(4))].map(item);
const backends = [...double.traces, ...triple.traces].map(({ backend }) => backend);
console.log(JSON.stringify({ values, backends, warnings }));
