/** Snapshots of a run on disk: what a run that was killed goes on from, to the last bit. */
import { copyFile, link, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { read, type Tensor, tensor, tree } from "../engine/index.js";
import { UserError } from "../errors.js";
import type { ModelParams, Shape } from "../model/index.js";
import { exists, fileError, makeFolder } from "../source/files.js";
import { readRef, readSafetensors, type TensorValues, writeSafetensors } from "../weights/index.js";
import type { TrainingState } from "./step.js";
import { Diverged, type Position, type Snapshot } from "./training.js";

/** A snapshot as it was stored, with what the caller wanted to keep beside it. */
export type Stored<Note, P = ModelParams<Tensor>> = Snapshot<P> & { readonly note: Note; readonly file: string };

export type CheckpointOptions = {
  /** How many of the last are kept. Default 2: one may turn out to be damaged. */
  readonly keep?: number;
};

/** The one with the lowest loss, and what is left of a run that did not end well. */
const [bestName, keptName] = ["best.safetensors", "kept.safetensors"];

const filePattern = /^step-(\d{9})\.safetensors$/;

/**
 * A folder of checkpoints `step-000000488.safetensors`: trained weights and optimiser as float32, position and note as JSON in
 * the file's metadata. A file has its name only when it is complete and on the disk, so a kill at any time leaves the older
 * ones as they were.
 *
 * @template Note plain JSON kept with each snapshot
 * @template P the tree of weights that is trained
 */
export class Checkpoints<Note, P = ModelParams<Tensor>> {
  constructor(
    readonly folder: string,
    private readonly options: CheckpointOptions = {},
  ) {}

  /**
   * Writes a snapshot and removes the oldest beyond `keep`.
   *
   * @param best Also keeps it as `best.safetensors`, in place of the last that was.
   * @throws Diverged when it is not made of numbers, UserError when the disk refuses; what was there before is intact
   */
  async save({ state, position }: Snapshot<P>, note: Note, best = false): Promise<void> {
    await makeFolder(this.folder);
    const file = join(this.folder, nameOf(position.step));
    const tensors = tree.entries<Tensor>(state).map(([path, leaf]): [string, TensorValues] => {
      return [path, { dtype: "F32", shape: leaf.shape, values: () => numbersOf(leaf, path, position.step) }];
    });
    await writeSafetensors(file, tensors, { metadata: { run: JSON.stringify({ position, note }) } });
    if (best) await this.markBest(file);
    for (const old of (await this.steps()).slice(this.options.keep ?? 2)) {
      await rm(join(this.folder, nameOf(old)), { force: true });
    }
  }

  /**
   * The newest snapshot that can be read, or nothing when there is none.
   *
   * @param shapes of the weights that are trained: a tree of one structure with them
   * @param damaged Told of files that cannot be read, which are left alone.
   */
  async latest(shapes: unknown, damaged: (error: UserError) => void): Promise<Stored<Note, P> | undefined> {
    for (const step of await this.steps()) {
      try {
        return await restore<Note, P>(join(this.folder, nameOf(step)), shapes);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        damaged(error);
      }
    }
    return undefined;
  }

  /** The snapshot that was saved as the best, or nothing. */
  async best(shapes: unknown): Promise<Stored<Note, P> | undefined> {
    const file = join(this.folder, bestName);
    return (await exists(file)) ? restore<Note, P>(file, shapes) : undefined;
  }

  /**
   * Removes all but one, which gets the name `kept.safetensors`: nothing goes on from it by itself.
   *
   * @returns its path
   */
  async keepOnly({ file }: Stored<Note, P>): Promise<string> {
    const kept = join(this.folder, keptName);
    await rename(file, kept);
    for (const name of await readdir(this.folder)) {
      if (name !== keptName) await rm(join(this.folder, name), { force: true });
    }
    return kept;
  }

  /** Removes the folder. */
  async clear(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Steps that have a file, the newest first. */
  private async steps(): Promise<number[]> {
    if (!(await exists(this.folder))) return [];
    const found = (await readdir(this.folder)).flatMap((name) => filePattern.exec(name)?.[1] ?? []);
    return found.map(Number).sort((a, b) => b - a);
  }

  /** A second name for the same bytes, or where the file system has no such thing, a copy. */
  private async markBest(file: string): Promise<void> {
    const best = join(this.folder, bestName);
    const fresh = `${best}.tmp`;
    try {
      await rm(fresh, { force: true });
      await link(file, fresh).catch(() => copyFile(file, fresh));
      await rename(fresh, best);
    } catch (error) {
      throw fileError(error, "write", best);
    }
  }
}

/** A snapshot that is not made of numbers is none to go on from. */
function numbersOf(leaf: Tensor, path: string, step: number): Float32Array {
  const values = read(leaf) as Float32Array;
  if (values.every(Number.isFinite)) return values;
  throw new Diverged(`${path} is not made of numbers after step ${step}`, {
    fix: "Lower the learning rate or clip harder",
  });
}

function nameOf(step: number): string {
  return `step-${String(step).padStart(9, "0")}.safetensors`;
}

async function restore<Note, P>(file: string, shapes: unknown): Promise<Stored<Note, P>> {
  const { tensors, metadata } = await readSafetensors(file);
  const leaf = ({ shape }: { shape: readonly number[] }, path: string): Tensor => {
    const ref = tensors.get(path);
    if (ref === undefined || ref.shape.join() !== shape.join()) {
      throw new UserError(`the checkpoint has ${ref === undefined ? "no" : `a [${ref.shape}]`} ${path}`, {
        where: file,
        expected: `[${shape}], as the run's model has it`,
      });
    }
    return tensor(readRef(ref), shape, "float32");
  };
  const under = (prefix: string): unknown =>
    tree.map<Shape, Tensor, unknown>(shapes, (shape, path) => leaf(shape, `${prefix}.${path}`));
  const state = {
    params: under("params"),
    optimiser: {
      mean: under("optimiser.mean"),
      square: under("optimiser.square"),
      steps: leaf({ shape: [] }, "optimiser.steps"),
    },
  } as TrainingState<P>;
  const { position, note } = parsed(metadata.run, file) as { position: Position; note: Note };
  return { state, position, note, file };
}

function parsed(json: string | undefined, file: string): unknown {
  try {
    return JSON.parse(json ?? "");
  } catch {
    throw new UserError("the checkpoint does not say how far the run had come", { where: file });
  }
}
