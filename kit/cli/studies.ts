import { nearest, UserError } from "../errors.js";
import type { Study } from "../lab/index.js";
import { studies } from "../studies/index.js";

/** @throws UserError when there is no such study, with the nearest name there is */
export function studyNamed(name: string): Study {
  const found = studies.find((study) => study.name === name);
  if (found !== undefined) return found;
  const names = studies.map((study) => study.name);
  const near = nearest(name, names);
  throw new UserError(`there is no study "${name}"`, {
    expected: names.join(", "),
    fix: near === undefined ? undefined : `Did you mean ${near}?`,
  });
}
