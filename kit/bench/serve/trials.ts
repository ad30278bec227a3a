/** Requests that are wrong, large, slow, abandoned or too many: each has its answer, and the next good one is served. */
import { connect } from "node:net";
import { scoredBody } from "./load.js";

/** How often each status came; `none` where the connection ended without one. */
type Statuses = ReadonlyMap<string, number>;

type Trial = {
  readonly what: string;
  readonly count: number;
  readonly run: (url: string) => Promise<string>;
  /** Statuses that are right. */
  readonly right: readonly string[];
};

const good = JSON.stringify(scoredBody(1));

const malformed = ["{", "[]", "{}", '{"prompt":[["a"]]}', '{"prompt":"a","echo":true}', '{"prompt":[[1e9]]}', "\u0000"];

const list: readonly Trial[] = [
  ...malformed.map((body): Trial => ({ what: JSON.stringify(body), count: 10, run: posting(body), right: ["400"] })),
  { what: "10 MB", count: 20, run: posting("a".repeat(1e7)), right: ["413"] },
  { what: "half a request, then nothing", count: 50, run: slowly, right: ["408"] },
  { what: "gone before the answer", count: 100, run: leaving, right: ["none"] },
  { what: "at once", count: 1000, run: posting(good), right: ["200", "429"] },
];

/** Runs all trials; a row of a table for each. */
export async function trials(url: string): Promise<string[][]> {
  const rows: string[][] = [];
  for (const { what, count, run, right } of list) {
    const statuses = tallied(await Promise.all(Array.from({ length: count }, () => run(url))));
    const answers = [...statuses].map(([status, times]) => `${times} × ${status}`).join(", ");
    const isRight = [...statuses.keys()].every((status) => right.includes(status));
    rows.push([what, String(count), answers, isRight ? "✓" : "✗", await posting(good)(url)]);
  }
  return rows;
}

function tallied(statuses: readonly string[]): Statuses {
  const tally = new Map<string, number>();
  for (const status of statuses) tally.set(status, (tally.get(status) ?? 0) + 1);
  return tally;
}

function posting(body: string): (url: string) => Promise<string> {
  return async (url) => {
    const answer = await fetch(`${url}/v1/completions`, { method: "POST", body }).catch(() => undefined);
    await answer?.arrayBuffer().catch(() => undefined);
    return answer === undefined ? "none" : String(answer.status);
  };
}

/** Promises a body, and never sends it. */
function slowly(url: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), new URL(url).hostname);
  socket.write("POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{");
  return new Promise((resolve) => {
    let said = "";
    socket.setEncoding("utf8").on("data", (text: string) => (said += text));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(/^HTTP\/1\.1 (\d+)/.exec(said)?.[1] ?? "none"));
  });
}

async function leaving(url: string): Promise<string> {
  const left = new AbortController();
  const asked = fetch(`${url}/v1/completions`, { method: "POST", body: good, signal: left.signal });
  setTimeout(() => left.abort(), 1);
  return await asked.then(
    ({ status }) => String(status),
    () => "none",
  );
}
