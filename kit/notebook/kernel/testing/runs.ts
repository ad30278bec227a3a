/** What tests look at of a run. */
import type { Run } from "../client.js";

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours
export const plain = (text: unknown): string => String(text).replace(/\u001b\[\d+m/g, "");
/** The error of a run, without colours. */
export const errorOf = (run: Run): { ename: string; evalue: string; text: string } => {
  const content = run.published.find(({ type }) => type === "error")?.content ?? {};
  const traceback = (content.traceback as string[] | undefined) ?? [];
  return { ename: String(content.ename), evalue: String(content.evalue), text: plain(traceback.join("\n")) };
};
/** The bundle of its last expression. */
export const resultOf = (run: Run): Record<string, unknown> =>
  (run.published.find(({ type }) => type === "execute_result")?.content.data ?? {}) as Record<string, unknown>;
