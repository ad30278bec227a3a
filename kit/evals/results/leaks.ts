/** A name in tables and figures, marked where the model sees the future: its numbers compare with no others. */
export function marked(name: string, leaks: boolean | undefined): string {
  return leaks === true ? `${name} (leaks)` : name;
}
