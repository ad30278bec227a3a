import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { UserError } from "../../errors.js";
import { projectRoot } from "../../source/index.js";
import { allowedCpus, threads } from "./machine.js";

type Reply = { readonly ok?: unknown; readonly error?: string };

/**
 * A process that measures itself when it is told to, so that several can take turns and each has a memory of its own.
 *
 * A class, because it owns a process.
 */
export class Contestant {
  private readonly waiting: ((reply: Reply) => void)[] = [];
  private complaints = "";

  private constructor(
    readonly name: string,
    private readonly child: ChildProcessWithoutNullStreams,
  ) {
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (!line.startsWith("{")) return;
      this.waiting.shift()?.(JSON.parse(line) as Reply);
    });
    child.stderr.on("data", (chunk: Buffer) => {
      this.complaints = (this.complaints + chunk.toString()).slice(-4000);
    });
    child.stdin.on("error", () => undefined);
    const gone = (why: string): void => {
      const last = this.complaints.trim().split("\n").slice(-6).join("\n");
      for (const resolve of this.waiting.splice(0)) resolve({ error: `${why}${last === "" ? "" : `:\n${last}`}` });
    };
    child.on("error", (error) => gone(error.message));
    child.on("close", (code, signal) => gone(`the process ended (${signal ?? `exit ${code}`})`));
  }

  /** A worker of the kit: a compiled file of this room. */
  static kit(name: string, worker: string, env: Readonly<Record<string, string>> = {}): Contestant {
    const file = fileURLToPath(new URL(`../${worker}`, import.meta.url));
    return Contestant.start(name, process.execPath, [file], env);
  }

  /** A worker of a peer: a Python file of `kit/bench/peers`. */
  static peer(name: string, python: string, script: string, env: Readonly<Record<string, string>> = {}): Contestant {
    const file = join(projectRoot(), "kit", "bench", "peers", script);
    // Without the large pages of memory that the kit's programs have: PyTorch's training step takes longer with them.
    const own = { GLIBC_TUNABLES: "", PYTHONUTF8: "1", PYTHONDONTWRITEBYTECODE: "1" };
    return Contestant.start(name, python, ["-u", file], { ...own, ...env });
  }

  private static start(name: string, command: string, args: string[], env: Readonly<Record<string, string>>) {
    const [program, ...rest] = pinned([command, ...args]);
    const child = spawn(program, rest, { env: { ...process.env, ...threadLimits(), ...env }, stdio: "pipe" });
    return new Contestant(name, child);
  }

  /**
   * Sends a message and waits for the reply.
   *
   * @throws UserError when the worker fails or ends.
   */
  async ask<T>(op: string, message: Readonly<Record<string, unknown>> = {}): Promise<T> {
    if (this.hasEnded()) throw new UserError(`${this.name}: the process has ended`);
    const reply = await new Promise<Reply>((resolve) => {
      this.waiting.push(resolve);
      this.child.stdin.write(`${JSON.stringify({ op, ...message })}\n`);
    });
    if (reply.error !== undefined) throw new UserError(`${this.name}: ${reply.error}`, { where: op });
    return reply.ok as T;
  }

  /** Ends the process. */
  async close(): Promise<void> {
    if (this.hasEnded()) return;
    const closed = new Promise((resolve) => this.child.once("close", resolve));
    this.child.stdin.end();
    const timer = setTimeout(() => this.child.kill("SIGKILL"), 5000);
    await closed;
    clearTimeout(timer);
  }

  private hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }
}

/** Starts contestants, hands them over, and ends them whatever happens. */
export async function withContestants<T>(
  all: readonly Contestant[],
  use: (all: readonly Contestant[]) => Promise<T>,
): Promise<T> {
  try {
    return await use(all);
  } finally {
    await Promise.all(all.map((contestant) => contestant.close()));
  }
}

/** The same number of threads for everybody's linear algebra. */
function threadLimits(): Record<string, string> {
  const count = String(threads);
  return {
    OMP_NUM_THREADS: count,
    MKL_NUM_THREADS: count,
    OPENBLAS_NUM_THREADS: count,
    TF_NUM_INTRAOP_THREADS: count,
    KINTSUGI_BENCH_THREADS: count,
  };
}

/** On a machine with more cores, keeps a contestant on the first few it may use where the system can. */
function pinned(command: readonly string[]): readonly string[] {
  const cpus = allowedCpus();
  if (cpus.length <= threads || spawnSync("taskset", ["-V"]).status !== 0) return command;
  return ["taskset", "-c", cpus.slice(0, threads).join(","), ...command];
}
