/** Work in the order it came, what is alike together, never more than fits. */

/** One piece of work, and who waits for it. */
type Waiting<In, Out> = {
  readonly work: readonly In[];
  readonly signal?: AbortSignal;
  readonly resolve: (done: readonly Out[]) => void;
  readonly reject: (error: unknown) => void;
};

/** There is no room for more work. */
export class QueueFull extends Error {}

export type QueueOptions = {
  /** Pieces taken together, where they wait together. */
  readonly together: number;
  /** Most requests that wait; default 256. */
  readonly waiting?: number;
};

/**
 * A queue in front of something that does one thing at a time: what has come in the meantime is done together. Work whose
 * client has left is dropped before it is begun.
 */
export class Queue<In, Out> {
  private readonly waiting: Waiting<In, Out>[] = [];
  private running: Promise<void> | undefined;

  constructor(
    private readonly perform: (work: readonly In[]) => Promise<readonly Out[]>,
    private readonly options: QueueOptions,
  ) {}

  /**
   * @param signal drops the work if it has not begun
   * @throws QueueFull when too many wait
   */
  add(work: readonly In[], signal?: AbortSignal): Promise<readonly Out[]> {
    if (this.waiting.length >= (this.options.waiting ?? 256)) return Promise.reject(new QueueFull());
    const done = new Promise<readonly Out[]>((resolve, reject) => {
      this.waiting.push({ work, signal, resolve, reject });
    });
    this.running ??= this.run().finally(() => {
      this.running = undefined;
    });
    return done;
  }

  /** Resolves when nothing is left to do. */
  async idle(): Promise<void> {
    while (this.running !== undefined) await this.running;
  }

  private async run(): Promise<void> {
    // What arrives in the same turn is taken together.
    await new Promise((resume) => setImmediate(resume));
    while (this.waiting.length > 0) {
      const taken = this.take();
      if (taken.length === 0) continue;
      try {
        const done = await this.perform(taken.flatMap(({ work }) => work));
        let at = 0;
        for (const { work, resolve } of taken) resolve(done.slice(at, (at += work.length)));
      } catch (error) {
        for (const { reject } of taken) reject(error);
      }
    }
  }

  private take(): Waiting<In, Out>[] {
    const taken: Waiting<In, Out>[] = [];
    let pieces = 0;
    while (this.waiting.length > 0) {
      const [next] = this.waiting;
      const left = next.signal?.aborted === true;
      if (!left && taken.length > 0 && pieces + next.work.length > this.options.together) break;
      this.waiting.shift();
      if (left) next.reject(next.signal?.reason);
      else {
        taken.push(next);
        pieces += next.work.length;
      }
    }
    return taken;
  }
}
