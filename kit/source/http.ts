import { UserError } from "../errors.js";

/** A connection that broke, or a server that asks to come back later: worth trying again. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  constructor(override readonly cause: unknown) {
    super("interrupted", { cause });
  }
}

/** The part of an HTTP answer the kit uses. */
export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  /** The body as it arrives; throws {@link Interrupted} when it breaks off. */
  pieces(): AsyncGenerator<Uint8Array>;
};

/** A server that sends nothing for so long is taken for gone, in milliseconds. */
const silenceMs = 60_000;
/** Code of the error then. */
const SILENT = "SILENT";

/**
 * Asks a server for something with GET; redirections are followed, credentials stay with the first host.
 *
 * @param url address
 * @param headers request headers
 * @param begun whether the server has sent something of it before: then a network that is gone may come back
 * @returns an answer of status 200, 206 or 416
 * @throws UserError when the server cannot be reached or refuses; Interrupted when trying again may help
 */
export async function request(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  begun = false,
): Promise<Answer> {
  const abort = new AbortController();
  const silence = Object.assign(new Error(`no answer for ${silenceMs / 1000} s`), { code: SILENT });
  const watch = (): NodeJS.Timeout => setTimeout(() => abort.abort(silence), silenceMs);
  let timer = watch();
  let response: Response;
  try {
    response = await fetch(url, { headers, signal: abort.signal });
  } catch (error) {
    throw isPassing(error, begun) ? new Interrupted(error) : explained(error, url);
  } finally {
    clearTimeout(timer);
  }
  if (![200, 206, 416].includes(response.status)) {
    await response.body?.cancel().catch(() => undefined);
    if (response.status >= 500 || response.status === 429) throw new Interrupted(new Error(`HTTP ${response.status}`));
    throw refused(response.status, url);
  }
  return {
    status: response.status,
    headers: response.headers,
    async *pieces(): AsyncGenerator<Uint8Array> {
      const reader = response.body?.getReader();
      timer = watch();
      try {
        for (let next = await reader?.read(); next !== undefined && !next.done; next = await reader?.read()) {
          yield next.value;
          timer.refresh();
        }
      } catch (error) {
        throw new Interrupted(error);
      } finally {
        clearTimeout(timer);
        await reader?.cancel().catch(() => undefined);
      }
    },
  };
}

function refused(status: number, url: string): UserError {
  if (status === 401 || status === 403) {
    const fix = process.env.HF_TOKEN
      ? "HF_TOKEN has no access to it: accept its terms on its page, or use a token that may read it"
      : "It needs an account: set HF_TOKEN to an access token";
    return new UserError(`${url} is not open to everyone (HTTP ${status})`, { fix });
  }
  if (status === 404) return new UserError(`There is no ${url} (HTTP 404)`, { fix: "Check the name" });
  return new UserError(`${url} answers with HTTP ${status}`);
}

/** What the codes of Node's network errors mean. */
const meanings: Readonly<Record<string, string>> = {
  ENOTFOUND: "its name cannot be looked up",
  EAI_AGAIN: "its name cannot be looked up",
  ECONNREFUSED: "it refuses the connection",
  ECONNRESET: "it closed the connection",
  EHOSTUNREACH: "there is no route to it",
  ENETUNREACH: "there is no network",
  ETIMEDOUT: "it does not answer",
  UND_ERR_CONNECT_TIMEOUT: "it does not answer",
  UND_ERR_HEADERS_TIMEOUT: "it does not answer",
  UND_ERR_SOCKET: "it closed the connection",
};

/** A network error as one clear line. */
export function explained(error: unknown, url: string): UserError {
  const code = codeOf(error);
  const reason =
    meanings[code] ??
    (/CERT|SELF_SIGNED|TLS|SSL/.test(code) ? `its certificate is not trusted: ${code}` : deepest(error));
  const proxied = process.env.HTTPS_PROXY ?? process.env.https_proxy;
  const fix =
    proxied === undefined
      ? "Check the connection, or give the path of a copy, or set KINTSUGI_MIRROR"
      : "A proxy is set: NODE_USE_ENV_PROXY=1 makes Node 24 use it; or give the path of a copy";
  return new UserError(`Cannot fetch from ${host(url)}: ${reason}`, { fix });
}

/** Errors that pass. */
const passing = ["ECONNRESET", "ETIMEDOUT", "UND_ERR_SOCKET", "UND_ERR_HEADERS_TIMEOUT"];
/** Errors of a name or network that may be wrong; they pass where bytes have come from there. */
const passingLater = ["EAI_AGAIN", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT", SILENT];

function isPassing(error: unknown, begun: boolean): boolean {
  const code = codeOf(error);
  return passing.includes(code) || (begun && passingLater.includes(code));
}

function codeOf(error: unknown): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ("code" in cause && typeof cause.code === "string") return cause.code;
  }
  return "";
}

function deepest(error: unknown): string {
  let last = error;
  while (last instanceof Error && last.cause !== undefined) last = last.cause;
  return last instanceof Error ? last.message : String(last);
}

function host(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}
