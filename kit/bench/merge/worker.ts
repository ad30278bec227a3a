/** The kit's side of `bench -- merge`. */
import { merge, planMerge } from "../../surgery/index.js";
import { serve } from "../harness/worker.js";

serve({
  /** Everything but starting the process, until the bytes are on the disk. */
  async merge({ file, out }: { file: string; out: string }) {
    const begin = performance.now();
    await merge(await planMerge(file), out);
    return { ms: performance.now() - begin };
  },
});
