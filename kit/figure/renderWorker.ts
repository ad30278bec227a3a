/** The rendering thread: Plotly in jsdom gives SVG, resvg makes the PNG. Plotly itself calls this way unsupported. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { workerData } from "node:worker_threads";
import { paintIn } from "./canvas.js";
import { measureWith } from "./measure.js";
import { readFont } from "./metrics.js";
import type { RenderAnswer, RenderRequest } from "./render.js";

type Plotly = {
  toImage(
    figure: { data: unknown; layout: unknown },
    options: { format: "svg"; width: number; height: number; imageDataOnly: true },
  ): Promise<string>;
};

const { port, signal } = workerData as { port: import("node:worker_threads").MessagePort; signal: Int32Array };
const here = createRequire(import.meta.url);
const FONTS = ["DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSans-BoldOblique"];

/** Plotly draws the names of clip paths by chance: from the same numbers for every figure, so that equal figures are equal. */
const RANDOM = "{ let state = 1; Math.random = () => (state = (state * 48271) % 2147483647) / 2147483647; }";

let plotly: ReturnType<typeof open> | undefined;
let raster: Awaited<ReturnType<typeof openRaster>> | undefined;
port.on("message", (request: RenderRequest) => {
  void answer(request).then((message) => {
    port.postMessage(message);
    Atomics.add(signal, 0, 1);
    Atomics.notify(signal, 0);
  });
});

async function answer({ id, figure, width, height, format }: RenderRequest): Promise<RenderAnswer> {
  try {
    // Packages are looked for from here on, so that a missing one is an answer and not silence.
    plotly ??= open();
    const layout = { ...figure.layout, autosize: false };
    plotly.restart();
    const svg = await plotly.toImage(
      { data: figure.data, layout },
      { format: "svg", width, height, imageDataOnly: true },
    );
    // resvg does not read quoted references, which jsdom writes.
    const read = svg.replace(/url\((?:'|"|&quot;)(#[^'"&)]*)(?:'|"|&quot;)\)/g, "url($1)");
    if (format.kind === "svg") return { id, picture: Buffer.from(read, "utf8") };
    raster ??= await openRaster();
    return { id, picture: raster(read, format.scale) };
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) };
  }
}

/** The rasteriser as WebAssembly, whose arithmetic is the same on every processor. */
async function openRaster(): Promise<(svg: string, scale: number) => Uint8Array> {
  const { initWasm, Resvg } = here("@resvg/resvg-wasm") as typeof import("@resvg/resvg-wasm");
  await initWasm(readFileSync(here.resolve("@resvg/resvg-wasm/index_bg.wasm")));
  const fonts = { fontBuffers: FONTS.map((name) => readFileSync(font(name))), defaultFontFamily: "DejaVu Sans" };
  return (svg, scale) => {
    const drawing = new Resvg(svg, { background: "#ffffff", fitTo: { mode: "zoom", value: scale }, font: fonts });
    const image = drawing.render();
    const png = image.asPng();
    image.free();
    drawing.free();
    return png;
  };
}

function font(name: string): string {
  return join(dirname(here.resolve("dejavu-fonts-ttf/package.json")), "ttf", `${name}.ttf`);
}

function open(): Plotly & { readonly restart: () => void } {
  const { JSDOM } = here("jsdom") as typeof import("jsdom");
  const { window } = new JSDOM("<!doctype html><body></body>", { runScripts: "outside-only", pretendToBeVisual: true });
  const regular = readFont(font("DejaVuSans"));
  const bold = readFont(font("DejaVuSans-Bold"));
  measureWith(window, (text, weight) => (weight === "bold" ? bold : regular).width(text), regular);
  paintIn(window);
  window.URL.createObjectURL = () => "";
  // resvg smooths enlarged images: let heat maps be painted at full size.
  Object.assign(window, { CSS: { supports: () => false } });
  window.eval(readFileSync(here.resolve("plotly.js-dist-min"), "utf8"));
  const { Plotly } = window as unknown as { Plotly: Plotly };
  return { toImage: Plotly.toImage, restart: () => window.eval(RANDOM) };
}
