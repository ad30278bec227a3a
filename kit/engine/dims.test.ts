import { describe, expect, it } from "vitest";
import * as e from "./index.js";

describe("dims", () => {
  const x = e.zeros([2, 3, 4]);

  it("binds each axis to its name", () => {
    expect(e.dims(x, "B T D")).toEqual({ B: 2, T: 3, D: 4 });
  });

  it("skips `_`, and accepts numbers and names that hold", () => {
    expect(e.dims(x, "_ T 4", { T: 3 }).T).toBe(3);
    expect(e.dims(e.zeros([3, 3]), "N N")).toEqual({ N: 3 });
  });

  it.each([
    ["B T", {}, "[B, T]"],
    ["B T D", { D: 5 }, "[B, T, D] with D = 5"],
    ["B T 7", {}, "[B, T, 7]"],
    ["N N D", {}, "[N, N, D]"],
  ])("names the function and what it expected of %j %j", (names, known, expected) => {
    function attention(): void {
      e.dims(x, names, known);
    }
    expect(attention).toThrow(`attention: the tensor has the shape [2,3,4]: expected ${expected}`);
    expect(() => [0].map(() => e.dims(x, names, known))).toThrow(`dims: the tensor has the shape [2,3,4]`);
  });
});
