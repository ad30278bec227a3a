import { existsSync } from "node:fs";
import { setTimeout } from "node:timers";
import { fileURLToPath } from "node:url";
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { UserError } from "../errors.js";
import type { PlotlyFigure } from "./spec.js";
import { SIZE } from "./theme.js";

/** What a figure is drawn as; pixels for each unit of layout. */
export type PictureFormat = { readonly kind: "svg" } | { readonly kind: "png"; readonly scale: number };

/** What the rendering thread is asked for. */
export type RenderRequest = {
  readonly id: number;
  readonly figure: PlotlyFigure;
  readonly width: number;
  readonly height: number;
  readonly format: PictureFormat;
};

/** What it answers. */
export type RenderAnswer = { readonly id: number } & ({ readonly picture: Uint8Array } | { readonly error: string });

/** A thread that died cannot say so to one that waits. Overloaded machines have taken three minutes for the first figure. */
const PATIENCE_MS = 300_000;
/** The thread holds a browser's worth of objects; it goes when no figure was drawn for this long. */
const IDLE_MS = 60_000;
/** Pixels per unit of layout: sharp on dense screens. */
const SCALE = 2;
/** The longest side of a static picture, in pixels of layout. */
const MAX_SIDE = 5_000;

type Renderer = { readonly worker: Worker; readonly port: MessagePort; readonly signal: Int32Array };
let renderer: Renderer | undefined;
let requests = 0;
let idle: NodeJS.Timeout | undefined;

/**
 * Renders a figure as PNG without a browser, in a thread that is started on first use. The caller waits, so that figures
 * and text keep their order in a cell.
 *
 * The same figure gives the same bytes on every machine: fonts come with the kit, system fonts are off.
 *
 * @param figure a completed figure
 * @returns the PNG, at twice the figure's size
 * @throws UserError when the kit is not built
 * @throws Error when the figure is too large, a package is missing, Plotly refuses it or the renderer does not answer
 */
export function renderPng(figure: PlotlyFigure): Uint8Array {
  return render(figure, { kind: "png", scale: SCALE });
}

/** Renders a figure as SVG, as {@link renderPng} does: its text is text, set in the font that the viewer has. */
export function renderSvg(figure: PlotlyFigure): string {
  return Buffer.from(render(figure, { kind: "svg" })).toString("utf8");
}

function render(figure: PlotlyFigure, format: PictureFormat): Uint8Array {
  const size = (value: unknown, fallback: number): number =>
    typeof value === "number" && value > 0 ? value : fallback;
  const width = size(figure.layout.width, SIZE.width);
  const height = size(figure.layout.height, SIZE.height);
  // The rasteriser aborts the whole process when it cannot have its memory.
  if (!(Math.max(width, height) <= MAX_SIDE)) throw new Error(`a figure of ${width} × ${height} is too large to draw`);
  renderer ??= start();
  const id = ++requests;
  const request: RenderRequest = { id, figure, width, height, format };
  renderer.port.postMessage(request);
  const answer = receive(renderer, id);
  clearTimeout(idle);
  idle = setTimeout(stop, IDLE_MS).unref();
  if (answer === undefined) {
    stop();
    throw new Error("the renderer did not answer");
  }
  if ("error" in answer) throw new Error(answer.error);
  return answer.picture;
}

/** Blocks until the answer of a request is there; older ones are what an interrupt left behind. */
function receive({ port, signal }: Renderer, id: number): RenderAnswer | undefined {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const seen = Atomics.load(signal, 0);
    const answer = receiveMessageOnPort(port)?.message as RenderAnswer | undefined;
    if (answer?.id === id) return answer;
    if (answer === undefined && Atomics.wait(signal, 0, seen, deadline - Date.now()) === "timed-out") return undefined;
  }
}

function start(): Renderer {
  const signal = new Int32Array(new SharedArrayBuffer(4));
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(built("renderWorker.js"), {
    workerData: { port: port2, signal },
    transferList: [port2],
    // Options of this process may not suit a file: with --input-type the thread would die before it could say so.
    execArgv: [],
    stdout: true,
    stderr: true,
  });
  worker.on("error", stop);
  worker.unref();
  port1.unref();
  return { worker, port: port1, signal };
}

function stop(): void {
  void renderer?.worker.terminate();
  renderer?.port.close();
  renderer = undefined;
}

/** A thread needs the built file, also when a test runs the sources. */
function built(name: string): string {
  const places = [`./${name}`, `../dist/figure/${name}`].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  const found = places.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new UserError("the thread that draws figures is not built", { where: places[0], fix: "Run npm run build" });
}
