import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["**/*.test.ts"],
    exclude: ["node_modules/**", "dist/**"],
    testTimeout: 60_000,
    // By itself it leaves a core to its own process, which has next to nothing to do: on two cores that is half.
    maxWorkers: availableParallelism(),
  },
});
