import { existsSync } from "node:fs";
import { setTimeout } from "node:timers";
import { fileURLToPath } from "node:url";
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { PlotlyFigure } from "./spec.js";
import { SIZE } from "./theme.js";

/** What the rendering thread is asked for. */
export type PngRequest = {
  readonly figure: PlotlyFigure;
  readonly width: number;
  readonly height: number;
  readonly scale: number;
};

/** What it answers. */
export type PngAnswer = { readonly png: Uint8Array } | { readonly error: string };

const PATIENCE_MS = 60_000;
/** The thread holds a browser's worth of objects; it goes when no figure was drawn for this long. */
const IDLE_MS = 60_000;
/** Pixels per unit of layout: sharp on dense screens. */
const SCALE = 2;

type Renderer = { readonly worker: Worker; readonly port: MessagePort; readonly signal: Int32Array };
let renderer: Renderer | undefined;
let idle: NodeJS.Timeout | undefined;

/**
 * Renders a figure without a browser, in a thread that is started on first use. The caller waits, so that figures and
 * text keep their order in a cell.
 *
 * The same figure gives the same bytes on every machine of a platform: fonts come with the kit, system fonts are off.
 *
 * @param figure a completed figure
 * @returns the PNG, at twice the figure's size
 * @throws Error when Plotly refuses the figure or the renderer does not answer
 */
export function renderPng(figure: PlotlyFigure): Uint8Array {
  renderer ??= start();
  const { port, signal } = renderer;
  const size = (value: unknown, fallback: number): number =>
    typeof value === "number" && value > 0 ? value : fallback;
  const request: PngRequest = {
    figure,
    width: size(figure.layout.width, SIZE.width),
    height: size(figure.layout.height, SIZE.height),
    scale: SCALE,
  };
  Atomics.store(signal, 0, 0);
  while (receiveMessageOnPort(port) !== undefined); // an answer that an interrupt left behind
  port.postMessage(request);
  Atomics.wait(signal, 0, 0, PATIENCE_MS);
  const answer = receiveMessageOnPort(port)?.message as PngAnswer | undefined;
  clearTimeout(idle);
  idle = setTimeout(stop, IDLE_MS).unref();
  if (answer === undefined) {
    stop();
    throw new Error("the renderer did not answer");
  }
  if ("error" in answer) throw new Error(answer.error);
  return answer.png;
}

function start(): Renderer {
  const signal = new Int32Array(new SharedArrayBuffer(4));
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(built("pngWorker.js"), {
    workerData: { port: port2, signal },
    transferList: [port2],
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
  const here = fileURLToPath(new URL(`./${name}`, import.meta.url));
  return existsSync(here) ? here : fileURLToPath(new URL(`../../dist/notebook/figure/${name}`, import.meta.url));
}
