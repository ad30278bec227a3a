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

/** Nobody waits for the answer any more. */
export class ClientLeft extends Error {}

/** It took too long. */
export class TooSlow extends Error {}

/**
 * Does work as long as a client waits for it, and no longer than so many seconds.
 *
 * @throws ClientLeft, TooSlow: the reason the work's signal is aborted with
 */
export async function whileWaiting<Out>(
  { client, seconds }: { readonly client: AbortSignal; readonly seconds: number },
  work: (signal: AbortSignal) => Promise<Out>,
): Promise<Out> {
  const end = new AbortController();
  const leave = (): void => end.abort(new ClientLeft());
  const clock = setTimeout(() => end.abort(new TooSlow()), 1000 * seconds);
  client.addEventListener("abort", leave, { once: true });
  try {
    if (client.aborted) leave();
    return await work(end.signal);
  } finally {
    clearTimeout(clock);
    client.removeEventListener("abort", leave);
  }
}

export type QueueOptions = {
  /** Pieces taken together, where they wait together. */
  readonly together: number;
  /** Most requests that wait; default 256. */
  readonly waiting?: number;
};

/**
 * A queue in front of something that does one thing at a time: what has come in the meantime is done together, and one by one
 * where that fails. Work whose client has left is dropped before it is begun, and given up under way when nobody waits for any
 * of it.
 */
export class Queue<In, Out> {
  private readonly waiting: Waiting<In, Out>[] = [];
  private running: Promise<void> | undefined;

  constructor(
    private readonly perform: (work: readonly In[], signal: AbortSignal) => Promise<readonly Out[]>,
    private readonly options: QueueOptions,
  ) {}

  /**
   * @param signal ends the waiting at once; its reason is thrown
   * @throws QueueFull when too many wait
   */
  add(work: readonly In[], signal?: AbortSignal): Promise<readonly Out[]> {
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    if (this.waiting.length >= (this.options.waiting ?? 256)) return Promise.reject(new QueueFull());
    const done = new Promise<readonly Out[]>((resolve, reject) => {
      const own = { work, signal, resolve, reject };
      this.waiting.push(own);
      signal?.addEventListener("abort", () => this.leave(own), { once: true });
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
      await this.answer(this.take());
    }
  }

  private async answer(taken: readonly Waiting<In, Out>[]): Promise<void> {
    try {
      const work = taken.flatMap(({ work }) => work);
      const done = await this.perform(work, allAborted(taken.map(({ signal }) => signal)));
      let at = 0;
      for (const { work, resolve } of taken) resolve(done.slice(at, (at += work.length)));
    } catch (error) {
      if (taken.length === 1) return taken[0].reject(error);
      // What failed together is done again one by one: the mistake of one is nobody else's.
      for (const one of taken) if (one.signal?.aborted !== true) await this.answer([one]);
    }
  }

  private take(): Waiting<In, Out>[] {
    const taken: Waiting<In, Out>[] = [];
    let pieces = 0;
    while (this.waiting.length > 0) {
      const [next] = this.waiting;
      if (taken.length > 0 && pieces + next.work.length > this.options.together) break;
      this.waiting.shift();
      taken.push(next);
      pieces += next.work.length;
    }
    return taken;
  }

  /** Makes room, if it has not begun. */
  private leave(own: Waiting<In, Out>): void {
    const at = this.waiting.indexOf(own);
    if (at >= 0) this.waiting.splice(at, 1);
    own.reject(own.signal?.reason);
  }
}

/** Aborted when all of them are; never, where one is missing. */
function allAborted(signals: readonly (AbortSignal | undefined)[]): AbortSignal {
  const all = new AbortController();
  let left = signals.length;
  for (const signal of signals) {
    const leave = (): void => {
      if (--left === 0) all.abort(signal?.reason);
    };
    if (signal?.aborted === true) leave();
    else signal?.addEventListener("abort", leave, { once: true });
  }
  return all.signal;
}
