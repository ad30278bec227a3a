import type { Json } from "./text.js";

const simple: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  b: "\b",
  f: "\f",
  v: "\v",
  a: "\x07",
  "0": "\0",
  "\n": "",
};

/**
 * `ast.literal_eval(text)` for what templates make: strings, numbers, `True`, `False`, `None`, lists, tuples and
 * dictionaries.
 *
 * @returns nothing where the text is no literal
 */
export function literal(text: string): Json | undefined {
  const reader = new Reader(text);
  try {
    const value = reader.value();
    reader.space();
    return reader.atEnd ? value : undefined;
  } catch (error) {
    if (error instanceof NoLiteral) return undefined;
    throw error;
  }
}

class NoLiteral extends Error {}

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  get atEnd(): boolean {
    return this.at === this.text.length;
  }

  space(): void {
    this.match(/[ \t\n\r\f]*/y);
  }

  value(): Json {
    this.space();
    const first = this.text[this.at];
    if (first === "[") return this.items("]");
    if (first === "(") return this.tuple();
    if (first === "{") return this.dictionary();
    if (first === "'" || first === '"') return this.strings();
    const word = this.match(/(?:True|False|None)\b/y);
    if (word !== undefined) return word === "None" ? null : word === "True";
    const number = this.match(/[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/y);
    if (number === undefined) throw new NoLiteral();
    return Number(number.replaceAll("_", ""));
  }

  /** What stands between brackets, up to the one that closes; a comma may stand behind the last. */
  private items(close: string, item: () => Json = () => this.value()): Json[] {
    this.at++;
    const found: Json[] = [];
    for (;;) {
      this.space();
      if (this.take(close)) return found;
      found.push(item());
      this.space();
      if (this.take(",")) continue;
      if (!this.take(close)) throw new NoLiteral();
      return found;
    }
  }

  private tuple(): Json {
    const begin = this.at;
    const items = this.items(")");
    const commas = this.text
      .slice(begin, this.at - 1)
      .trimEnd()
      .endsWith(",");
    return items.length === 1 && !commas ? items[0] : items;
  }

  private dictionary(): Json {
    const pairs: [string, Json][] = [];
    this.items("}", () => {
      const key = this.value();
      this.space();
      if (!this.take(":") || typeof key === "object") throw new NoLiteral();
      pairs.push([String(key), this.value()]);
      return null;
    });
    return Object.fromEntries(pairs);
  }

  /** String literals side by side are one string. */
  private strings(): string {
    let joined = "";
    for (this.space(); this.text[this.at] === "'" || this.text[this.at] === '"'; this.space()) joined += this.string();
    return joined;
  }

  private string(): string {
    const quote = this.match(/'''|"""|'|"/y)!;
    let body = "";
    while (!this.text.startsWith(quote, this.at)) {
      const unit = this.text[this.at++];
      if (unit === undefined || (quote.length === 1 && unit === "\n")) throw new NoLiteral();
      body += unit === "\\" ? this.escape() : unit;
    }
    this.at += quote.length;
    return body;
  }

  private escape(): string {
    const code = this.match(/x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}/y);
    if (code !== undefined) return String.fromCodePoint(Number.parseInt(code.slice(1), 16));
    const unit = this.text[this.at++];
    if (unit === undefined) throw new NoLiteral();
    // An unknown escape stays as it is, backslash included.
    return simple[unit] ?? (/['"\\]/.test(unit) ? unit : `\\${unit}`);
  }

  private take(text: string): boolean {
    if (!this.text.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }
}
