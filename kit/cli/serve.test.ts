import { spawnSync } from "node:child_process";
import { cpSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { projectRoot } from "../source/index.js";
import { temporaryFolder } from "../source/testing/folder.js";
import { serveCommand } from "./serve.js";
import { leaking, withoutTokenizer } from "./testing/models.js";
import { runCommand } from "./testing/run.js";

/** What the command prints. */
async function run(...args: string[]): Promise<string> {
  return (await runCommand(serveCommand(), args)).out;
}

/** Serves, asks, and ends the server as a signal would. */
async function serving<T>(args: readonly string[], ask: (url: string, said: string) => Promise<T>): Promise<T> {
  const before = new Set(process.listeners("SIGTERM"));
  const said = await run(...args, "--port", "0");
  const url = /http:\/\/[^;\s]+/.exec(said)![0];
  try {
    return await ask(url, said);
  } finally {
    for (const listener of process.listeners("SIGTERM")) if (!before.has(listener)) listener("SIGTERM");
    // It takes no connection any more.
    await expect
      .poll(() =>
        fetch(`${url}/health`).then(
          () => "answers",
          () => "gone",
        ),
      )
      .toBe("gone");
  }
}

/** Every error is one line. */
async function refused(args: readonly string[], message: RegExp): Promise<void> {
  const error = await run(...args).then(
    () => expect.unreachable(),
    (error: Error) => error,
  );
  expect(error.message).toMatch(message);
  expect(error.message.trim()).not.toContain("\n");
}

test("says where the model is, and what the harness wants", async () => {
  await serving(["pico", "--max-context", "200"], async (url, said) => {
    const args = `model=pico,base_url=${url}/v1/completions,max_length=200,custom_prefix_token_id=0`;
    expect(said).toContain(`--model_args ${args}`);
    expect(await (await fetch(`${url}/v1/models`)).json()).toMatchObject({ data: [{ id: "pico" }] });
  });
});

test.each<[string, readonly string[]]>([
  ["", []],
  [",auth_token", ["--api-key", "open sesame"]],
])("prints what a shell takes for one argument, whatever the model is called%s", async (_, key) => {
  const folder = join(temporaryFolder(), "my model's, $HOME");
  cpSync(join(projectRoot(), "data", "sample", "pico"), folder, { recursive: true });
  await serving([folder, ...key], async (url, said) => {
    const args = said.slice(said.indexOf("--model_args "));
    const shell = spawnSync("sh", ["-c", `printf '%s\\n' ${args}`], {
      encoding: "utf8",
      env: { ...process.env, OPENAI_API_KEY: "open sesame" },
    });
    const [option, value, ...rest] = shell.stdout.trimEnd().split("\n");
    expect([option, rest]).toEqual(["--model_args", []]);
    expect(JSON.parse(value)).toEqual({
      ...{ model: folder, base_url: `${url}/v1/completions`, max_length: 256, custom_prefix_token_id: 0 },
      ...(key.length > 0 && { auth_token: "open sesame" }),
    });
  });
});

test("beyond this machine it asks every client for its key", async () => {
  const args = ["pico", "--host", "0.0.0.0", "--api-key", "open sesame"];
  await serving(args, async (url, said) => {
    // The key itself is not printed: whoever reads along does not have it.
    expect(said).toMatch(/"model=pico,base_url=[^"]+,auth_token=\$OPENAI_API_KEY"/);
    // An address that can be asked, here and elsewhere.
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(said).toMatch(/From another machine: .* this machine's name or address/);
    expect(said).toContain("with the key in OPENAI_API_KEY");
    expect(said).not.toContain("sesame");
    const status = async (headers: Readonly<Record<string, string>>): Promise<number> =>
      (await fetch(`${url}/v1/models`, { headers })).status;
    expect(await status({})).toBe(401);
    expect(await status({ Authorization: "Bearer open sesam" })).toBe(401);
    expect(await status({ Authorization: "open sesame" })).toBe(401);
    expect(await status({ Authorization: "Bearer open sesame" })).toBe(200);
  });
});

test.each<[string[], RegExp]>([
  [["/none/such"], /There is no \/none\/such/],
  [["picoo"], /Did you mean pico\?/],
  [["pico", "--port", "70000"], /70000 is no port.*0 to 65535/],
  [["pico", "--port", "eighty"], /whole number from 0/],
  [["pico", "--host", "0.0.0.0"], /0\.0\.0\.0 can be reached from other machines.*--api-key/],
  [["pico", "--api-key", ""], /the key is empty/],
  // Of a network for documentation: no machine has it.
  [["pico", "--host", "192.0.2.1", "--api-key", "k"], /this machine has no such address \(192\.0\.2\.1:8000\)/],
  [["pico", "--max-context", "1000"], /1000 tokens are more than the model reads.*at most 256/],
  [["pico", "--max-batch", "0"], /whole number from 1/],
])("%j is one clear error", async (args, message) => {
  await refused(args, message);
});

test("an address that cannot be is told before a model is looked for", async () => {
  await refused(["/none/such", "--host", "0.0.0.0"], /--api-key/);
});

test("a port in use is one clear error", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => void other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as AddressInfo;
  await refused(
    ["pico", "--port", `${port}`],
    new RegExp(`the port is in use \\(127\\.0\\.0\\.1:${port}\\).*--port`, "i"),
  );
  other.close();
});

test("a model without a tokenizer is one clear error", async () => {
  await refused([withoutTokenizer()], /has no tokenizer/);
});

test("a model that sees the future is served only when that is allowed", async () => {
  const folder = await leaking();
  await refused([folder], /sees the future \(layers\.0\.mixerNorm and \d+ more\)/);
  await serving([folder, "--allow-leak"], async (url, said) => {
    expect(said).toContain(",allow_leak=true");
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });
});

test("on the command line an error is one line and exit code 1", () => {
  const program = join(projectRoot(), "kit", "kintsugi.mjs");
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, "serve", "pico", "--host", "0.0.0.0"], {
    encoding: "utf8",
  });
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toMatch(/^kintsugi: 0\.0\.0\.0 can be reached from other machines.*\n$/);
});
