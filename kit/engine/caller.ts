/** A line of a stack: the function, and where in it. */
type Frame = { readonly name?: string; readonly at: string };

/** The functions that led here, innermost first, without this one. For messages: it is slow. */
export function callers(): Frame[] {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 50;
  const lines = (new Error().stack ?? "").split("\n").slice(2);
  Error.stackTraceLimit = limit;
  return lines.map((line) => {
    const [, name, at] = /^\s*at (?:async )?(?:([^(]+) \()?(.*?)\)?$/.exec(line) ?? [];
    return { name: name?.replace(/^.*\.| \[as .*$/g, ""), at };
  });
}

/** Whether a frame is the engine's, and not one of its tests. */
export function isEngine({ at }: Frame): boolean {
  return /[/\\]engine[/\\](?!.*\.test\.)/.test(at);
}

/** Whether a frame has a place of its own: `Array.map` has none. */
export function hasPlace({ at }: Frame): boolean {
  return !at.includes("<anonymous>");
}
