/** Which layers of a model a recipe is for. */
import { UserError } from "../../errors.js";

/** Layers from `first` to `last`, both included, counted from 0; of these, where `every` is k, each k-th from the first on. */
export type LayerRange = { readonly first: number; readonly last: number; readonly every?: number };

export type LayerChoice = "all" | readonly LayerRange[];

/**
 * The numbers of the layers chosen.
 *
 * @param depth how many layers the model has
 * @throws UserError when a range is empty or names a layer the model does not have, or nothing is chosen
 */
export function chosenLayers(choice: LayerChoice, depth: number): ReadonlySet<number> {
  if (choice === "all") return new Set(Array.from({ length: depth }, (_, i) => i));
  const numbers = choice.flatMap((range) => {
    const { first, last, every = 1 } = range;
    const whole = [first, last, every].every(Number.isInteger);
    if (!whole || first < 0 || last < first || last >= depth || every < 1) {
      throw new UserError(`There are no layers ${rangeText(range)}`, {
        expected: `layers from 0 to ${depth - 1}, the first not behind the last`,
      });
    }
    return Array.from({ length: Math.floor((last - first) / every) + 1 }, (_, i) => first + i * every);
  });
  if (numbers.length === 0) throw new UserError("The recipe is for no layer", { expected: '"all" or a range' });
  return new Set(numbers);
}

function rangeText({ first, last, every }: LayerRange): string {
  return `${first === last ? first : `${first}-${last}`}${every === undefined ? "" : `/${every}`}`;
}

/**
 * A choice from text: `all`, or ranges with commas between them: `8-21`, `0,3,8-21`, `0-21/2` for every second one.
 *
 * @throws UserError for any other text
 */
export function readLayers(text: string): LayerChoice {
  if (text === "all") return text;
  return text.split(",").map((part) => {
    const [, first, last = first, every] = /^(\d+)(?:-(\d+))?(?:\/(\d+))?$/.exec(part.trim()) ?? [];
    if (first === undefined) {
      throw new UserError(`"${part}" names no layers`, {
        expected: 'all, or ranges such as "8-21", "0,3,8-21", "0-21/2"',
      });
    }
    return { first: Number(first), last: Number(last), ...(every === undefined ? {} : { every: Number(every) }) };
  });
}
