/**
 * Whether a path of the parameter tree matches one of some patterns.
 *
 * @param patterns `*` stands for a part without dots, `**` for anything
 */
export function matching(patterns: readonly string[]): (path: string) => boolean {
  const all = patterns.map(patternOf);
  return (path) => all.some((pattern) => pattern.test(path));
}

function patternOf(paths: string): RegExp {
  const parts = paths.split(/(\*\*|\*)/).map((part) => {
    if (part === "**") return ".*";
    return part === "*" ? "[^.]*" : part.replace(/[.+?^${}()|[\]\\]/g, "\\$&");
  });
  return new RegExp(`^${parts.join("")}$`);
}
