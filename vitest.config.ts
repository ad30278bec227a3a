import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["kit/**/*.test.ts"],
    exclude: ["kit/dist/**", "node_modules/**"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000, // A kernel that starts while two other workers compile takes longer than the default of 10 s.
  },
});
