/** Where a mistake was found, said in front of what it is. */
import { UserError } from "../../errors.js";

/**
 * What `act` returns; the message of its UserError begins with a place: `task piqa: document 3: …`.
 *
 * @param act synchronous, or a promise
 */
export function within<T>(place: string, act: () => T): T {
  try {
    const result = act();
    return result instanceof Promise ? (result.catch((error: unknown) => rethrow(place, error)) as T) : result;
  } catch (error) {
    return rethrow(place, error);
  }
}

function rethrow(place: string, error: unknown): never {
  throw error instanceof UserError ? new UserError(`${place}: ${error.message}`) : error;
}
