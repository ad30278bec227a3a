import { UserError } from "../../errors.js";
import { WHITE } from "./text.js";

/**
 * A pattern of Python's `re` as a RegExp that finds all matches.
 *
 * Differences are spelt out: named groups, the ends of the text, white space, flags in front. Python's `\w`, `\d` and `\b`
 * know all scripts, JavaScript's only ASCII; patterns of the harness's tasks ask for ASCII.
 *
 * @throws UserError for a pattern that is none, or that JavaScript cannot express
 */
export function pythonRegex(pattern: string): RegExp {
  let flags = "g";
  const body = pattern
    .replace(/^\(\?([ims]+)\)/, (_, letters: string) => {
      flags += letters;
      return "";
    })
    .replace(/\(\?P<(\w+)>/g, "(?<$1>")
    .replace(/\(\?P=(\w+)\)/g, "\\k<$1>")
    .replace(/\\[AZ]/g, (end) => (end === "\\A" ? "(?<![^])" : "(?![^])"));
  try {
    return new RegExp(spelt(body, flags.includes("m")), flags);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`the pattern ${JSON.stringify(pattern)} cannot be used`, {
      expected: `a regular expression; ${reason}`,
    });
  }
}

/** What `$` means in Python: the end of the text, or the line feed at its end. */
const END = "(?=\\n?(?![^]))";

/** Replaces `\s` and `\S` by what they mean in Python, inside of classes and outside, and `$` unless it ends every line. */
function spelt(body: string, multiline: boolean): string {
  let inClass = false;
  return body.replace(/\\[\s\S]|[[\]$]/g, (token) => {
    if (token === "$") return inClass || multiline ? token : END;
    if (token === "[" || token === "]") inClass = token === "[";
    if (token === "\\s") return inClass ? WHITE : `[${WHITE}]`;
    return token === "\\S" && !inClass ? `[^${WHITE}]` : token;
  });
}

/** `re.findall(pattern, text)`: the matches; with one group what it holds, with several the list of theirs. */
export function findAll(pattern: RegExp, text: string): (string | readonly string[])[] {
  return Array.from(text.matchAll(pattern), ([whole, ...groups]) => {
    if (groups.length === 0) return whole;
    const found = groups.map((group: string | undefined) => group ?? "");
    return found.length === 1 ? found[0] : found;
  });
}

/** `re.sub(pattern, replacement, text)`. */
export function substitute(pattern: RegExp, replacement: string, text: string): string {
  const template = replacement
    .replaceAll("$", "$$$$")
    .replace(/\\g<(\w+)>|\\(\d+)/g, (_, name: string | undefined, number: string | undefined) => {
      const group = name ?? number!;
      return /^\d+$/.test(group) ? (group === "0" ? "$&" : `$${group}`) : `$<${group}>`;
    })
    .replaceAll("\\n", "\n");
  return text.replace(pattern, template);
}
