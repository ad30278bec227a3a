/** The kit's side of `bench -- convert`, and the plain copy that it is measured by. */
import { open as openFile } from "node:fs/promises";
import { convert, recipes } from "../../surgery/index.js";
import { open, save } from "../../weights/index.js";
import { serve } from "../harness/worker.js";

const bufferBytes = 8 * 2 ** 20;

serve({
  /** As `kintsugi convert` does, until the bytes are on the disk. */
  async convert({ source, out }: { source: string; out: string }) {
    const begin = performance.now();
    const opened = await open(source);
    await save(convert(opened.model, recipes.liquidMetal), out, { like: opened });
    return { ms: performance.now() - begin };
  },
  /** What anybody would write: read a buffer, write it, and sync at the end. */
  async copy({ from, to }: { from: string; to: string }) {
    const begin = performance.now();
    const [input, output] = [await openFile(from, "r"), await openFile(to, "w")];
    try {
      const buffer = new Uint8Array(bufferBytes);
      for (;;) {
        const { bytesRead } = await input.read(buffer, 0, bufferBytes, null);
        if (bytesRead === 0) break;
        await output.write(buffer, 0, bytesRead);
      }
      await output.sync();
    } finally {
      await input.close();
      await output.close();
    }
    return { ms: performance.now() - begin };
  },
});
