/** Uses every room that needs no arrays, then makes one; reports when TensorFlow's library came into the process. */
import * as kit from "../../../index.js";

function hasTensorflow(): boolean {
  const report = process.report.getReport() as unknown as { sharedObjects: string[] };
  return report.sharedObjects.some((file) => /tensorflow/.test(file));
}

const stages: Record<string, [loaded: boolean, library: boolean]> = {};
function note(stage: string): void {
  stages[stage] = [kit.engine.isLoaded(), hasTensorflow()];
}

note("import");
kit.model.countParameters(kit.model.tinyLlama);
kit.engine.random.normalValues(kit.engine.random.key(1), 10);
kit.engine.tree.leaves({ a: [1, 2] });
kit.engine.isTensor({});
kit.engine.free({});
kit.engine.compile((x: kit.engine.Tensor) => x);
note("use without arrays");
kit.engine.scalar(1);
note("first tensor");
console.log(JSON.stringify(stages));
