import { expect, it } from "vitest";
import { onceFor } from "./compiled.js";
import { pico } from "./index.js";

it("makes a thing once for a config and a key", () => {
  let made = 0;
  const make = () => ({ number: ++made });
  const first = onceFor(pico, "step", make);
  expect(onceFor(pico, "step", make)).toBe(first);
  expect(onceFor(pico, "settle", make)).not.toBe(first);
  // Another config is another model, whatever it says.
  expect(onceFor({ ...pico }, "step", make)).not.toBe(first);
  expect(made).toBe(3);
});
