import { readArguments } from "./core/arguments.mjs";
import { entry } from "./core/entry.mjs";
import { SetupFailure } from "./core/failure.mjs";
import { resolveNotebook } from "./core/files.mjs";
import { project } from "./core/project.mjs";
import { bold, dim, duration, say } from "./core/screen.mjs";
import { openBrowser } from "./jupyter/browser.mjs";
import { startJupyterLab } from "./jupyter/server.mjs";
import { setUp } from "./steps/index.mjs";

const USAGE = `npm start [-- OPTIONS]      set up what is missing, then open the notebooks in JupyterLab
  --no-browser              print the address, open nothing
  --port N                  the port on 127.0.0.1 (default: the first free one from 8888)
  --notebook NAME           open this notebook: 02, or its whole name`;

await entry(async () => {
  const options = readArguments({ text: ["port", "notebook"], flags: ["no-browser"] }, USAGE);
  if (options === undefined) return;
  const port = readPort(options.port);
  const notebook = options.notebook === undefined ? undefined : resolveNotebook(project.notebooks, options.notebook);

  await setUp(project);
  const began = performance.now();
  const server = await startJupyterLab(project, { port, notebook });
  let stopped = false;
  const stop = () => {
    stopped = true;
    say("\nStopping JupyterLab and its kernels …");
    server.stop();
  };
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]))
    process.on(signal, () => stopped || stop());

  try {
    await server.ready;
  } catch (error) {
    if (stopped) return say("Stopped.");
    throw error;
  }
  say(`JupyterLab is ready · ${duration(performance.now() - began)}\n\n    ${bold(server.url)}\n`);
  const opened = !options["no-browser"] && openBrowser(server.url);
  say(
    dim(
      `${opened ? "Opened in your browser." : "Open this address in a browser."} Ctrl-C stops it. Its log: ${server.log}`,
    ),
  );

  const code = await server.ended;
  if (stopped) return say("Stopped.");
  throw new SetupFailure(`JupyterLab ended by itself with code ${code}`, { type: `Its log: ${server.log}` });
});

function readPort(/** @type {string | undefined} */ text) {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65536) return port;
  throw new SetupFailure(`--port ${text} is not a port: expected a whole number between 1 and 65535`);
}
