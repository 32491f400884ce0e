import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const TEN_MINUTES = 600_000;

export default defineConfig({
  test: {
    include: ["**/*.test.ts"],
    exclude: ["node_modules/**", "dist/**"],
    setupFiles: ["vitest.setup.ts"],
    // Of no test does the verdict depend on the clock: this only ends one that hangs.
    testTimeout: TEN_MINUTES,
    hookTimeout: TEN_MINUTES,
    // By itself it leaves a core to its own process, which has next to nothing to do: on two cores that is half.
    maxWorkers: availableParallelism(),
  },
});
