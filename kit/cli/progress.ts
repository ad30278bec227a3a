import { formatMegabytes } from "../numbers.js";
import type { Progress } from "../source/index.js";

/** A line of a terminal that is drawn again and again; silent where the output is not a terminal. */
export type StatusLine = { readonly show: (text: string) => void; readonly end: () => void };

export function statusLine(stream: NodeJS.WriteStream): StatusLine {
  let drawn = false;
  return {
    show: (text) => {
      if (!stream.isTTY) return;
      stream.write(`\r\x1b[2K${text}`);
      drawn = true;
    },
    end: () => {
      if (drawn) stream.write("\r\x1b[2K");
      drawn = false;
    },
  };
}

/** A line that shows how far a download is. */
export function progressLine(stream: NodeJS.WriteStream): { readonly show: Progress; readonly end: () => void } {
  const { show, end } = statusLine(stream);
  return {
    show: ({ file, bytes, total }) => {
      const share = total === undefined ? "" : ` of ${formatMegabytes(total)} (${Math.floor((100 * bytes) / total)} %)`;
      show(`${file}: ${formatMegabytes(bytes)}${share}`);
    },
    end,
  };
}
