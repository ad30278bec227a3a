import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** What a server does to one request for a file. */
export type Mishap =
  | { readonly breakAfter: number }
  | { readonly corrupt: true }
  | { readonly status: number }
  | { readonly ignoreRange: true };

export type Hub = {
  readonly url: string;
  /** Every request so far: method, path and query, range, authorization. */
  readonly requests: { readonly path: string; readonly range?: string; readonly authorization?: string }[];
  /** Mishaps of the next requests for a file, in order. */
  readonly mishaps: (Mishap | undefined)[];
};

type Files = Readonly<Record<string, string | Uint8Array>>;

/**
 * A hub on the loopback address that serves repositories as the real one does, and can be told to misbehave.
 *
 * @param repositories files by id, or by `id@revision` where a revision has others
 */
export async function startHub(repositories: Readonly<Record<string, Files>>, token?: string): Promise<Hub> {
  const hub: Hub = { url: "", requests: [], mishaps: [] };
  const server = createServer((request, response) => {
    const { range, authorization } = request.headers;
    hub.requests.push({ path: request.url ?? "", range, authorization });
    if (token !== undefined && authorization !== `Bearer ${token}`)
      return void response.writeHead(401).end("Unauthorized");
    answer(repositories, request, response, hub.mishaps);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(hub, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

const commit = "0123456789abcdef0123456789abcdef01234567";

function answer(
  repositories: Readonly<Record<string, Files>>,
  request: IncomingMessage,
  response: ServerResponse,
  mishaps: Hub["mishaps"],
): void {
  const url = new URL(request.url ?? "", "http://hub");
  const listing = /^\/api\/(?:models|datasets)\/([^/]+\/[^/]+)\/revision\/([^/]+)$/.exec(url.pathname);
  if (listing !== null) {
    const [, id, revision] = listing;
    const files = repositories[`${id}@${decodeURIComponent(revision)}`] ?? repositories[id];
    if (files === undefined) return void response.writeHead(404).end("{}");
    return void response.end(JSON.stringify({ sha: commit, siblings: Object.entries(files).map(sibling) }));
  }
  const [, id, name] =
    /^(?:\/datasets)?\/([^/]+\/[^/]+)\/resolve\/[0-9a-f]{40}\/(.+)$/.exec(decodeURIComponent(url.pathname)) ?? [];
  const own = Object.keys(repositories).filter((key) => key.split("@")[0] === id);
  const content = own.map((key) => repositories[key][name]).find((each) => each !== undefined);
  if (content === undefined) return void response.writeHead(404).end();
  serve(Buffer.from(content), request, response, mishaps.shift());
}

/** Large files are listed with a SHA-256, small ones with the hash of their git blob. */
function sibling([rfilename, content]: [string, string | Uint8Array]): object {
  const bytes = Buffer.from(content);
  const blobId = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
  const lfs = { sha256: createHash("sha256").update(bytes).digest("hex"), size: bytes.length };
  return { rfilename, size: bytes.length, blobId, ...(bytes.length > 1000 ? { lfs } : {}) };
}

function serve(
  content: Buffer,
  request: IncomingMessage,
  response: ServerResponse,
  mishap: Mishap = { breakAfter: Number.POSITIVE_INFINITY },
): void {
  if ("status" in mishap) return void response.writeHead(mishap.status).end();
  const etag = `"${createHash("md5").update(content).digest("hex")}"`;
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
  const valid = request.headers["if-range"] === undefined || request.headers["if-range"] === etag;
  const partial = first !== undefined && valid && !("ignoreRange" in mishap);
  const start = partial ? Number(first) : 0;
  if (start >= content.length && start > 0)
    return void response.writeHead(416, { "content-range": `bytes */${content.length}` }).end();
  const body = Buffer.from(content.subarray(start, partial && last !== "" ? Number(last) + 1 : undefined));
  if ("corrupt" in mishap) body[body.length >> 1] ^= 1;
  const headers: Record<string, string | number> = { etag, "content-length": body.length };
  if (partial) headers["content-range"] = `bytes ${start}-${start + body.length - 1}/${content.length}`;
  response.writeHead(partial ? 206 : 200, headers);
  if (!("breakAfter" in mishap) || mishap.breakAfter >= body.length) return void response.end(body);
  response.write(body.subarray(0, mishap.breakAfter), () => setTimeout(() => request.socket.destroy(), 20));
}
