/** What a model says of a continuation, token by token. */
export type TokenScores = {
  /** `log p` of each token given all before it, in nats. */
  readonly logLikelihoods: Float32Array;
  /** The token the model would have chosen in its place. */
  readonly best: Int32Array;
  /** Its `log p`: the same number as the token's own where that is the best. */
  readonly bestLogLikelihoods: Float32Array;
};

/** Room for the scores of so many tokens. */
export function emptyScores(tokens: number): TokenScores {
  return {
    logLikelihoods: new Float32Array(tokens),
    best: new Int32Array(tokens),
    bestLogLikelihoods: new Float32Array(tokens),
  };
}

/** One token's scores, from one place to another. */
export function copyScores(from: TokenScores, at: number, to: TokenScores, place: number): void {
  to.logLikelihoods[place] = from.logLikelihoods[at];
  to.best[place] = from.best[at];
  to.bestLogLikelihoods[place] = from.bestLogLikelihoods[at];
}
