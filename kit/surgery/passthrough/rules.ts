/** Settings of a factor, as mergekit writes them: rules with filters, and gradients over the layers of a slice. */

/** A factor, or factors spread evenly over the layers of a slice, between which it is interpolated. */
export type Gradient = number | readonly number[];

/** A factor for the tensors whose name contains `filter`; without one, or for `*`, for all tensors. */
export type ScaleRule = { readonly filter?: string; readonly value: Gradient };

/** Rules in order: of those that match a tensor, the first decides. */
export type ScaleRules = readonly ScaleRule[];

/** Whether a rule is for a tensor of this name. */
export function applies({ filter }: ScaleRule, name: string): boolean {
  return filter === undefined || filter === "*" || name.includes(filter);
}

/**
 * The rule that decides on a tensor.
 *
 * @param scopes rules from the narrowest scope to the widest; one where nothing matches leaves it to the next
 */
export function decidingRule<R extends ScaleRule>(scopes: readonly (readonly R[])[], name: string): R | undefined {
  for (const rules of scopes) {
    const rule = rules.find((candidate) => applies(candidate, name));
    if (rule !== undefined) return rule;
  }
  return undefined;
}

/**
 * A gradient's value at a place.
 *
 *   (1 − f) · g[i] + f · g[i + 1],  with i + f = t · (n − 1)
 *
 * @param gradient n values, at least one
 * @param t place in the slice, from 0 (its first layer) to 1 (its last)
 * @see mergekit 0.1.5, config.evaluate_setting: the same sum in the same order, so that factors agree to the last bit
 */
export function valueAt(gradient: Gradient, t: number): number {
  if (typeof gradient === "number") return gradient;
  const place = t * (gradient.length - 1);
  const i = Math.floor(place);
  const f = place - i;
  return (1 - f) * gradient[i] + f * gradient[Math.min(gradient.length - 1, i + 1)];
}

/** The factor of a tensor; `undefined` when no rule is for it. */
export function scaleOf(scopes: readonly ScaleRules[], name: string, t: number): number | undefined {
  const rule = decidingRule(scopes, name);
  return rule && valueAt(rule.value, t);
}
