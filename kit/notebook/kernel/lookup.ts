/** Completion and inspection: positions are counted in code points on the wire and in UTF-16 units in the compiler. */
import type { Completions, Converter, QuickInfo, Tslab } from "./tslab.js";

type Content = Readonly<Record<string, unknown>>;

/**
 * Answers a `complete_request`.
 *
 * @param cells the compiler
 * @param code the cell
 * @param cursor the cursor, in code points
 * @returns the content of the reply
 */
export function completeReply(cells: Converter, code: string, cursor: number): Content {
  const position = toUnits(code, cursor);
  const found = cells.complete("", code, position);
  const { start, end, candidates } = narrow(code, position, found);
  return {
    status: "ok",
    matches: candidates,
    cursor_start: toPoints(code, start),
    cursor_end: toPoints(code, end),
    metadata: {},
  };
}

/**
 * Answers an `inspect_request`. Inside the parentheses of a call it shows the function that is called.
 *
 * @param cells the compiler
 * @param print turns the compiler's answer into text
 * @param code the cell
 * @param cursor the cursor, in code points
 * @returns the content of the reply
 */
export function inspectReply(cells: Converter, print: Tslab["printQuickInfo"], code: string, cursor: number): Content {
  const position = toUnits(code, cursor);
  for (const at of [position, position - 1, ...callees(code, position)]) {
    if (at < 0) continue;
    const info = cells.inspect("", code, at);
    if (info?.displayParts === undefined || info.displayParts.length === 0) continue;
    return {
      status: "ok",
      found: true,
      data: { "text/plain": print(info), "text/markdown": markdown(info) },
      metadata: {},
    };
  }
  return { status: "ok", found: false, data: {}, metadata: {} };
}

/** Positions just inside the names of the calls around a position, innermost first. */
function callees(code: string, position: number): number[] {
  const out: number[] = [];
  let depth = 0;
  for (let i = position - 1; i >= 0 && out.length < 3; i--) {
    const c = code[i];
    if (c === ")" || c === "]" || c === "}") depth++;
    else if (c === "[" || c === "{") depth = Math.max(0, depth - 1);
    else if (c === "(" && depth > 0) depth--;
    else if (c === "(") {
      const name = /[\p{L}\p{N}_$]\s*(?:<[^<>()]*>)?$/u.exec(code.slice(0, i));
      if (name !== null) out.push(name.index);
    } else if (c === ";" && depth === 0) break;
  }
  return out;
}

/** tslab offers every global when the cursor stands in white space inside a call; it never filters what has no prefix. */
function narrow(code: string, position: number, found: Completions): Completions {
  const prefix = code.slice(found.start, position);
  if (prefix === "" || found.start > position) return { ...found, candidates: found.candidates.slice(0, 500) };
  const lower = prefix.toLowerCase();
  const starts = found.candidates.filter((name) => name.toLowerCase().startsWith(lower));
  return { ...found, candidates: starts.length > 0 ? starts : found.candidates.slice(0, 500) };
}

function markdown(info: QuickInfo): string {
  const join = (parts: readonly { readonly text: string }[] | undefined): string =>
    (parts ?? []).map(({ text }) => text).join("");
  const tags = (info.tags ?? []).map(({ name, text }) => `- *${name}* ${join(text)}`);
  return [`\`\`\`typescript\n${join(info.displayParts)}\n\`\`\``, join(info.documentation), tags.join("\n")]
    .filter((part) => part !== "")
    .join("\n\n");
}

function toUnits(code: string, points: number): number {
  let units = 0;
  for (const character of code) {
    if (points-- <= 0) break;
    units += character.length;
  }
  return units;
}

function toPoints(code: string, units: number): number {
  return [...code.slice(0, units)].length;
}
