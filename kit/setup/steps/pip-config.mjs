import { existsSync } from "node:fs";

/**
 * Hand pip's configuration over to uv, which reads none of it: someone whose pip works expects the kit to install.
 * Values travel in environment variables, never on a command line, where an index URL would show its password.
 */

/** Parse `pip config list`: lines of `section.key='value'`. Later sources win: global, then install, then variables. */
export function parsePipConfig(/** @type {string} */ listing) {
  /** @type {Map<string, { rank: number, value: string }>} */
  const settings = new Map();
  for (const line of listing.split("\n")) {
    const [, section, key, quoted] = /^(:env:|[\w-]+)\.([\w-]+)=(.*)$/.exec(line.trim()) ?? [];
    const rank = ["global", "install", ":env:"].indexOf(section);
    if (rank < 0 || rank < (settings.get(key)?.rank ?? 0)) continue;
    settings.set(key, { rank, value: unquote(quoted) });
  }
  return Object.fromEntries([...settings].map(([key, { value }]) => [key, value]));
}

/** Undo Python's `repr` of a string. */
function unquote(/** @type {string} */ text) {
  const inner = /^(['"])(.*)\1$/.exec(text)?.[2] ?? text;
  return inner.replace(/\\(n|t|\\|'|")/g, (_, c) => ({ n: "\n", t: "\t" })[/** @type {string} */ (c)] ?? c);
}

/**
 * The environment that makes uv look where pip would.
 *
 * @param {Record<string, string>} pip What {@link parsePipConfig} found.
 * @param {NodeJS.ProcessEnv} [env] What is set already; uv's own variables are left as they are.
 * @returns {Record<string, string>}
 */
export function uvEnvironment(pip, env = process.env) {
  const list = (/** @type {string | undefined} */ value) => (value ?? "").split(/\s+/).filter((item) => item !== "");
  const links = list(pip["find-links"]).filter((link) => /^[a-z]+:/.test(link) || existsSync(link));
  /** @type {Record<string, string | undefined>} */
  const wanted = {
    UV_DEFAULT_INDEX: env.UV_INDEX_URL ? undefined : pip["index-url"],
    UV_INDEX: list(pip["extra-index-url"]).join(" "),
    // pip takes the best version of all indexes; uv would stop at the first index that knows the name.
    UV_INDEX_STRATEGY: pip["extra-index-url"] ? "unsafe-best-match" : undefined,
    UV_FIND_LINKS: links.join(","),
    UV_NO_INDEX: /^(1|true|yes|on)$/i.test(pip["no-index"] ?? "") ? "1" : undefined,
    UV_INSECURE_HOST: list(pip["trusted-host"]).join(" "),
    SSL_CERT_FILE: pip.cert,
    UV_HTTP_TIMEOUT: pip.timeout ?? pip["default-timeout"],
    HTTPS_PROXY: env.https_proxy ? undefined : pip.proxy,
  };
  return Object.fromEntries(
    Object.entries(wanted).flatMap(([name, value]) => (value && !env[name] ? [[name, value]] : [])),
  );
}
