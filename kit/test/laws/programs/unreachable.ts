/** Makes tensors outside every scope and forgets them, as a notebook does; reports the memory they leave behind. */
import { setImmediate as turn } from "node:timers/promises";
import { add, item, ones, scope, sum, type Tensor } from "../../../engine/index.js";

const gc = (globalThis as { gc?: () => void }).gc!;
const megabytes = (): number => process.memoryUsage.rss() / 2 ** 20;
const size = 2_500_000;

const kept = ones([size]);
let latest: Tensor = ones([1]);
const before = megabytes();
for (let i = 0; i < 40; i++) {
  latest = i % 2 === 0 ? add(ones([size]), i) : scope(() => add(ones([size]), i));
  gc();
  await turn();
}
console.log(JSON.stringify({ grown: megabytes() - before, latest: item(sum(latest)) / size, kept: item(sum(kept)) }));
