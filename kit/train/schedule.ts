/** Learning rate as a function of tokens seen. */
export type Schedule = (tokens: number) => number;

export type Horizon = {
  /** Highest learning rate. */
  readonly peak: number;
  /** Last learning rate; default a tenth of the peak. */
  readonly floor?: number;
  /** Tokens of linear warm-up from 0. */
  readonly warmupTokens: number;
  /** Tokens of the whole run. */
  readonly totalTokens: number;
};

/** Linear warm-up, then half a cosine from `peak` to `floor`. */
export function cosine({ peak, floor = peak / 10, warmupTokens, totalTokens }: Horizon): Schedule {
  return (tokens) => {
    if (tokens < warmupTokens) return (peak * tokens) / warmupTokens;
    const done = Math.min(1, (tokens - warmupTokens) / (totalTokens - warmupTokens));
    return floor + ((peak - floor) * (1 + Math.cos(Math.PI * done))) / 2;
  };
}

/** The same learning rate throughout. */
export function constant(rate: number): Schedule {
  return () => rate;
}
