/** Makes waiting code interruptible: every `await` and `for await` of a cell goes through one of these two functions. */
import type typescript from "typescript";
import type { TypeScript } from "./tslab.js";

/** What an interrupt throws in a cell; the counterpart of Python's KeyboardInterrupt. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";

  constructor() {
    super("the cell was stopped by an interrupt");
  }
}

/** The name under which cells find the guard. */
export const GUARD = "__wait__";

/** The functions compiled cells call. */
export type Guard = {
  /** Waits for a value, or throws when an interrupt comes first. */
  readonly value: <T>(value: T) => T | Promise<T>;
  /** Iterates, or throws when an interrupt comes first; the source is told to finish. */
  readonly each: (source: unknown) => AsyncIterable<unknown>;
  /** Called by every function of a cell: throws when it goes on in the background although its cell was interrupted. */
  readonly alive: (cell: number) => void;
  /** Throws {@link Interrupted} wherever guarded code waits now. */
  readonly interrupt: () => void;
};

/**
 * A new guard; `interrupt` reaches everything that waits through it at that moment.
 *
 * @param leftBehind whether a cell was interrupted and nothing may run now on its behalf
 */
export function createGuard(leftBehind: (cell: number) => boolean): Guard {
  const waiting = new Set<(error: Interrupted) => void>();
  const race = <T>(promise: PromiseLike<T>): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      waiting.add(reject);
      const leave =
        <V>(next: (value: V) => void): ((value: V) => void) =>
        (value) => {
          waiting.delete(reject);
          next(value);
        };
      promise.then(leave(resolve), leave(reject));
    });
  const thenable = (value: unknown): value is PromiseLike<unknown> =>
    value !== null &&
    (typeof value === "object" || typeof value === "function") &&
    "then" in value &&
    typeof value.then === "function";
  return {
    value: <T>(value: T): T | Promise<T> => (thenable(value) ? race(value as PromiseLike<T>) : value),
    each: (source) => ({ [Symbol.asyncIterator]: () => iterate(source, race) }),
    alive: (cell) => {
      if (leftBehind(cell)) throw new Interrupted();
    },
    interrupt: () => {
      const now = [...waiting];
      waiting.clear();
      for (const reject of now) reject(new Interrupted());
    },
  };
}

type Step = IteratorResult<unknown>;

function iterate(source: unknown, race: <T>(promise: PromiseLike<T>) => Promise<T>): AsyncIterator<unknown> {
  const inner = open(source);
  const settle = async (step: Step | Promise<Step>): Promise<Step> => {
    const { done, value } = await step;
    return { done, value: done ? value : await value } as Step;
  };
  return {
    next: async () => {
      try {
        return await race(settle(inner.next()));
      } catch (error) {
        if (error instanceof Interrupted) void Promise.resolve(inner.return?.()).catch(() => {});
        throw error;
      }
    },
    return: async (value) => (await inner.return?.(value)) ?? { done: true, value },
  };
}

function open(source: unknown): AsyncIterator<unknown> | Iterator<unknown> {
  const iterable = source as Partial<AsyncIterable<unknown> & Iterable<unknown>> | null | undefined;
  if (iterable?.[Symbol.asyncIterator] !== undefined)
    return (iterable as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  if (iterable?.[Symbol.iterator] !== undefined) return (iterable as Iterable<unknown>)[Symbol.iterator]();
  throw new TypeError(`${typeof source} is not async iterable`);
}

/**
 * A transformer that sends the `await`s of a file through {@link GUARD}, and lets its functions ask whether they should
 * still run. Without the latter, a loop inside a library would go on calling back after its cell was interrupted.
 *
 * @param ts the compiler whose syntax tree it works on
 * @param cell the number of the cell that is compiled
 * @returns the transformer factory
 */
export function guardCell(ts: TypeScript, cell: () => number): typescript.TransformerFactory<typescript.SourceFile> {
  return (context) => {
    const { factory } = context;
    const call = (method: string, argument: typescript.Expression): typescript.Expression =>
      factory.createCallExpression(
        factory.createPropertyAccessExpression(factory.createIdentifier(GUARD), method),
        undefined,
        [argument],
      );
    const alive = (): typescript.Expression => call("alive", factory.createNumericLiteral(cell()));
    const guarded = (body: typescript.Node): typescript.Node => {
      if (!ts.isBlock(body)) {
        return factory.createParenthesizedExpression(factory.createComma(alive(), body as typescript.Expression));
      }
      // In a constructor behind `super()`, which may have to come first.
      const at = body.statements.findIndex((statement) => isSuperCall(ts, statement)) + 1;
      const check = factory.createExpressionStatement(alive());
      return factory.updateBlock(body, [...body.statements.slice(0, at), check, ...body.statements.slice(at)]);
    };
    const bodies = new Set<typescript.Node>();
    const visit = (node: typescript.Node): typescript.Node => {
      if (ts.isFunctionLike(node) && "body" in node && node.body !== undefined) bodies.add(node.body);
      const inner = awaited(ts.visitEachChild(node, visit, context));
      return bodies.has(node) ? guarded(inner) : inner;
    };
    const awaited = (inner: typescript.Node): typescript.Node => {
      if (ts.isAwaitExpression(inner)) {
        return factory.updateAwaitExpression(inner, call("value", inner.expression));
      }
      if (ts.isForOfStatement(inner) && inner.awaitModifier !== undefined) {
        const { awaitModifier, initializer, expression, statement } = inner;
        return factory.updateForOfStatement(inner, awaitModifier, initializer, call("each", expression), statement);
      }
      return inner;
    };
    return (file) => ts.visitEachChild(file, visit, context);
  };
}

function isSuperCall(ts: TypeScript, statement: typescript.Statement): boolean {
  if (!ts.isExpressionStatement(statement) || !ts.isCallExpression(statement.expression)) return false;
  return statement.expression.expression.kind === ts.SyntaxKind.SuperKeyword;
}
