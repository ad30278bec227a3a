import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Pair, parseDocument } from "yaml";
import type { Mistakes, Place } from "./mistakes.js";

/** A value of a YAML text, with the place where it is written. */
export type Located =
  | { readonly kind: "map"; readonly place: Place; readonly fields: ReadonlyMap<string, Field> }
  | { readonly kind: "list"; readonly place: Place; readonly items: readonly Located[] }
  | { readonly kind: "scalar"; readonly place: Place; readonly value: string | number | boolean | null };

/** A value with the place of its key. */
export type Field = { readonly place: Place; readonly value: Located };

/** A configuration is a page or two: more than this is an attempt to fill the memory. */
const [mostValues, mostDepth] = [100_000, 50];

/**
 * Reads a YAML text, keeping places. YAML 1.1, as PyYAML reads it: aliases and merge keys are resolved, `010` is 8; other
 * than PyYAML, of two equal keys neither wins.
 *
 * @param text one document
 * @param mistakes receives what is no YAML; of syntax errors, which breed others, only the first
 * @returns the document, or `undefined` when it could not be read
 */
export function readYaml(text: string, mistakes: Mistakes): Located | undefined {
  const counter = new LineCounter();
  const document = parseDocument(text, { version: "1.1", lineCounter: counter, prettyErrors: false });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    const lost = /^(Implicit|Unexpected block|All .* must start|Nested mappings)/.test(problem.message);
    mistakes.add(placeAt(counter, problem.pos[0]), problem.message, {
      fix: lost ? "Indentation says what belongs to what: spaces may have been lost in copying" : undefined,
    });
    return undefined;
  }
  return new Reader(document, counter, mistakes).read(document.contents, 0);
}

function placeAt(counter: LineCounter, offset: number): Place {
  const { line, col } = counter.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

/** Turns the nodes of a document into values. A class, because it counts them. */
class Reader {
  private values = 0;

  constructor(
    private readonly document: Document,
    private readonly counter: LineCounter,
    private readonly mistakes: Mistakes,
  ) {}

  read(node: unknown, depth: number): Located | undefined {
    const place = this.placeOf(node);
    if (depth > mostDepth || ++this.values > mostValues) {
      if (this.mistakes.count === 0) this.mistakes.add(place, "Too many values, or values inside values");
      return undefined;
    }
    if (isAlias(node)) {
      const target = node.resolve(this.document);
      if (target !== undefined) return this.read(target, depth + 1);
      this.mistakes.add(place, `There is no anchor &${node.source} before this alias`);
      return undefined;
    }
    if (isMap(node)) {
      return { kind: "map", place, fields: this.fieldsOf(node.items, depth) };
    }
    if (isSeq(node)) {
      const items = node.items.flatMap((item) => this.read(item, depth + 1) ?? []);
      return { kind: "list", place, items };
    }
    return { kind: "scalar", place, value: this.scalarOf(node, place) };
  }

  private fieldsOf(pairs: readonly Pair[], depth: number): Map<string, Field> {
    const fields = new Map<string, Field>();
    const merged: Field[] = [];
    for (const { key, value } of pairs) {
      const place = this.placeOf(key);
      const read = this.read(value, depth + 1) ?? { kind: "scalar", place, value: null };
      const name = isScalar(key) ? key.value : undefined;
      // A merge key is a symbol to the library.
      if (typeof name === "symbol" || name === "<<") merged.push({ place, value: read });
      else if (typeof name === "string" || typeof name === "number") fields.set(String(name), { place, value: read });
      else this.mistakes.add(place, "This key is no text");
    }
    for (const { place, value } of merged) this.merge(fields, place, value);
    return fields;
  }

  /** `<<: *other`: the fields of another map, where there are none of that name. */
  private merge(fields: Map<string, Field>, place: Place, value: Located): void {
    for (const map of value.kind === "list" ? value.items : [value]) {
      if (map.kind !== "map") {
        this.mistakes.add(place, "<< merges something that is no map");
        continue;
      }
      for (const [name, field] of map.fields) if (!fields.has(name)) fields.set(name, field);
    }
  }

  private scalarOf(node: unknown, place: Place): string | number | boolean | null {
    const value = isScalar(node) ? node.value : null;
    if (value === null || ["string", "number", "boolean"].includes(typeof value))
      return value as string | number | boolean | null;
    // Dates, binary data and the like are texts here.
    if (isScalar(node) && node.source !== undefined) return node.source;
    this.mistakes.add(place, "This is neither a text nor a number");
    return null;
  }

  private placeOf(node: unknown): Place {
    const range = (node as { readonly range?: readonly number[] | null } | null)?.range;
    return placeAt(this.counter, range?.[0] ?? 0);
  }
}
