/** A canvas just large enough for Plotly's heat maps, which paint pixels and embed them as a PNG. */
import { deflateSync } from "node:zlib";
import type { DOMWindow } from "jsdom";

type Pixels = { data: Uint8ClampedArray; width: number; height: number };
type Context = {
  fillStyle: string;
  fillRect(x: number, y: number, width: number, height: number): void;
  createImageData(width: number, height: number): Pixels;
  putImageData(image: Pixels): void;
};
type Size = { width: number; height: number };

/**
 * Gives a window's canvas elements a two-dimensional context that fills rectangles and takes pixels.
 *
 * @param window jsdom's window
 */
export function paintIn(window: DOMWindow): void {
  const painted = new WeakMap<object, Pixels>();
  const pixels = (canvas: Size): Pixels => {
    const known = painted.get(canvas);
    if (known !== undefined && known.width === canvas.width && known.height === canvas.height) return known;
    const fresh = blank(canvas.width, canvas.height);
    painted.set(canvas, fresh);
    return fresh;
  };
  const prototype = window.HTMLCanvasElement.prototype as unknown as Record<string, unknown>;
  prototype.getContext = function (this: Size, kind: string): unknown {
    return kind === "2d" ? context(() => pixels(this)) : null;
  };
  prototype.toDataURL = function (this: Size): string {
    return `data:image/png;base64,${encodePng(pixels(this)).toString("base64")}`;
  };
}

function context(pixels: () => Pixels): Context {
  return {
    fillStyle: "rgba(0,0,0,1)",
    fillRect(x: number, y: number, width: number, height: number): void {
      const [r, g, b, a = 1] = (this.fillStyle.match(/[\d.]+/g) ?? []).map(Number);
      const { data, width: w, height: h } = pixels();
      const [left, right] = [Math.max(0, Math.round(x)), Math.min(w, Math.round(x + width))];
      for (let row = Math.max(0, Math.round(y)); row < Math.min(h, Math.round(y + height)); row++) {
        for (let column = left; column < right; column++) data.set([r, g, b, a * 255], (row * w + column) * 4);
      }
    },
    createImageData: (width: number, height: number) => blank(width, height),
    putImageData: (image: Pixels) => pixels().data.set(image.data),
  };
}

function blank(width: number, height: number): Pixels {
  return { data: new Uint8ClampedArray(width * height * 4), width, height };
}

function encodePng({ data, width, height }: Pixels): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 6, 0, 0, 0], 8);
  const rows = Buffer.alloc(height * (width * 4 + 1));
  for (let row = 0; row < height; row++)
    rows.set(data.subarray(row * width * 4, (row + 1) * width * 4), row * (width * 4 + 1) + 1);
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(name: string, body: Buffer): Buffer {
  const inside = Buffer.concat([Buffer.from(name, "latin1"), body]);
  const out = Buffer.alloc(inside.length + 8);
  out.writeUInt32BE(body.length, 0);
  out.set(inside, 4);
  out.writeUInt32BE(crc32(inside), inside.length + 4);
  return out;
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
