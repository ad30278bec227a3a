/** What the kit is measured against: Python packages in an environment of their own, made once. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { UserError } from "../errors.js";
import { projectRoot } from "../source/index.js";
import { say } from "./harness/table.js";

/** A peer environment: its folder below `.peers`, its list of packages in `kit/bench/peers`, and the packages worth naming. */
type PeerSpec = { readonly requirements: string; readonly packages: readonly string[]; readonly note: string };

export type PeerName = "torch" | "mergekit" | "gguf" | "lm-eval" | "harness";

const peers: Readonly<Record<PeerName, PeerSpec>> = {
  torch: {
    requirements: "torch.txt",
    packages: ["numpy", "safetensors", "torch", "transformers"],
    note: "PyTorch, transformers and NumPy; PyTorch's wheel brings CUDA along, 5.3 GB on disk",
  },
  mergekit: {
    requirements: "mergekit.txt",
    packages: ["mergekit", "torch", "transformers"],
    note: "mergekit on the packages of torch, which it shares on disk where both are there",
  },
  gguf: {
    requirements: "gguf.txt",
    packages: ["gguf", "numpy"],
    note: "the gguf package, 90 MB on disk",
  },
  "lm-eval": {
    requirements: "lm-eval.txt",
    packages: ["lm-eval", "datasets"],
    note: "lm-evaluation-harness without PyTorch, 0.6 GB on disk",
  },
  harness: {
    requirements: "harness.txt",
    packages: ["lm-eval", "torch", "transformers"],
    note: "lm-evaluation-harness with its Hugging Face backend on the packages of torch, which it shares on disk",
  },
};

/** A peer that is ready: its interpreter, and the versions that were asked for by name. */
export type Peer = { readonly python: string; readonly versions: Readonly<Record<string, string>> };

/**
 * The environment of a peer. Made on first use, and again when its list of packages changes; one that somebody else made
 * is kept when it holds exactly what the list names.
 *
 * @throws UserError when it cannot be made: nothing is compared with a peer that is not there.
 */
export async function peer(name: PeerName): Promise<Peer> {
  const spec = peers[name];
  const root = projectRoot();
  const folder = join(root, ".peers", name);
  const python = join(folder, "bin", "python");
  const requirements = join(root, "kit", "bench", "peers", spec.requirements);
  const marker = join(folder, ".kintsugi");
  const wanted = createHash("sha256").update(readFileSync(requirements)).digest("hex");
  if (!existsSync(python) || !existsSync(marker) || readFileSync(marker, "utf8").trim() !== wanted) {
    if (existsSync(python) && outdated(python, requirements) === undefined) {
      say(`Peer ${name}: found in .peers/${name} as it should be`);
    } else {
      say(`Peer ${name}: installing into .peers/${name} (${spec.note})`);
      const begin = performance.now();
      await install(root, folder, requirements, name);
      const missing = outdated(python, requirements);
      if (missing !== undefined) throw new UserError(`peer ${name}: ${missing}`, { where: folder });
      say(`Peer ${name}: installed in ${((performance.now() - begin) / 1000).toFixed(0)} s`);
    }
    writeFileSync(`${marker}.tmp`, `${wanted}\n`);
    renameSync(`${marker}.tmp`, marker);
  }
  return { python, versions: versionsOf(python, name, spec.packages) };
}

/** Prints the first package that is not as the list says. Lines for other systems are left out. */
const checker = `
import importlib.metadata as metadata, sys
try:
    from packaging.requirements import Requirement
except ImportError:
    sys.exit("packaging is missing")
for line in open(sys.argv[1]):
    line = line.split("#")[0].strip()
    if not line:
        continue
    wanted = Requirement(line)
    if wanted.marker and not wanted.marker.evaluate():
        continue
    try:
        found = metadata.version(wanted.name)
    except metadata.PackageNotFoundError:
        sys.exit(f"{wanted.name} is missing")
    if not wanted.specifier.contains(found, prereleases=True):
        sys.exit(f"{wanted.name} is {found}, not {wanted.specifier}")
`;

/** What an environment lacks of a list of packages, or `undefined` when it holds them all. */
function outdated(python: string, requirements: string): string | undefined {
  const { status, stderr, error } = spawnSync(python, ["-c", checker, requirements], { encoding: "utf8" });
  return status === 0 ? undefined : (error?.message ?? lastLine(stderr));
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "no reason given";
}

/** What this room needs of the set-up, which is plain JavaScript outside the build. */
type SetUp = {
  readonly projectAt: (root: string) => { readonly state: string; readonly python: string };
  readonly installFromPypi: (
    project: object,
    what: readonly string[],
    options: { readonly log: string; readonly why: string },
  ) => Promise<void>;
};

async function setUp(root: string): Promise<SetUp> {
  const load = (file: string): Promise<object> => import(pathToFileURL(join(root, "kit", "setup", file)).href);
  return { ...(await load("core/project.mjs")), ...(await load("steps/pypi.mjs")) } as SetUp;
}

/** A new environment, filled the way the set-up fills `.venv`: the same index, certificates and fallback. */
async function install(root: string, folder: string, requirements: string, name: string): Promise<void> {
  const { projectAt, installFromPypi } = await setUp(root);
  const project = projectAt(root);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(root, ".peers"), { recursive: true });
  const made = spawnSync(project.python, ["-m", "venv", folder], { encoding: "utf8" });
  if (made.status !== 0) {
    throw new UserError(`peer ${name}: no virtual environment: ${made.error?.message ?? lastLine(made.stderr)}`, {
      fix: "Run `npm run doctor`",
    });
  }
  const python = join(folder, "bin", "python");
  try {
    await installFromPypi({ ...project, venv: folder, python }, ["-r", requirements], {
      log: join(project.state, "logs", `peer-${name}.log`),
      why: `the packages of kit/bench/peers/${name}.txt could not be installed from PyPI`,
    });
  } catch (error) {
    throw new UserError(`peer ${name}: ${error instanceof Error ? error.message : String(error)}`, {
      fix: "PyTorch 2.15 needs Python 3.11 or later, PyPI, and 6 GB of disk",
    });
  }
}

function versionsOf(python: string, name: string, packages: readonly string[]): Record<string, string> {
  const script =
    "import importlib.metadata as m, json, sys\nprint(json.dumps({p: m.version(p) for p in sys.argv[1:]}))";
  const { status, stdout, stderr } = spawnSync(python, ["-c", script, ...packages], { encoding: "utf8" });
  if (status !== 0) {
    throw new UserError(`peer ${name}: ${lastLine(stderr)}`, { fix: `Delete .peers/${name} to have it made again` });
  }
  return JSON.parse(stdout) as Record<string, string>;
}
