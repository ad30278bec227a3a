import type { Progress } from "../source/index.js";

/** A line of a terminal that shows how far a download is; silent where the output is not a terminal. */
export function progressLine(stream: NodeJS.WriteStream): { readonly show: Progress; readonly end: () => void } {
  let drawn = false;
  return {
    show: ({ file, bytes, total }) => {
      if (!stream.isTTY) return;
      const share = total === undefined ? "" : ` of ${megabytes(total)} (${Math.floor((100 * bytes) / total)} %)`;
      stream.write(`\r\x1b[2K${file}: ${megabytes(bytes)}${share}`);
      drawn = true;
    },
    end: () => {
      if (drawn) stream.write("\r\x1b[2K");
    },
  };
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
