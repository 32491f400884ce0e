import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** `npm test` leaves out the long tests, and runs others on one kernel of each family; `npm run test:all` does not. */
const IS_WHOLE = process.env.VMAPCHECK_TESTS === "all";
/** Those that need a browser, or a Redis server, run by themselves: `npm run test:web`, `npm run test:redis`. */
const APART = ["web", "redis"];
const only = APART.find((each) => each === process.env.VMAPCHECK_TESTS);
const TEN_MINUTES = 600_000;

export default defineConfig({
  test: {
    include: [only === undefined ? "**/*.test.ts" : `**/*.${only}.test.ts`],
    exclude: [
      "node_modules/**",
      "dist/**",
      ...APART.filter((each) => each !== only).map((each) => `**/*.${each}.test.ts`),
      ...(IS_WHOLE ? [] : ["**/*.long.test.ts"]),
    ],
    // A worker keeps its modules from file to file: loading them anew took half of the time of `npm test`.
    isolate: false,
    setupFiles: ["vitest.setup.ts"],
    globalSetup: IS_WHOLE ? ["cli/build.testing.ts"] : [],
    // Of no test does the verdict depend on the clock: this only ends one that hangs.
    testTimeout: TEN_MINUTES,
    hookTimeout: TEN_MINUTES,
    // By itself it leaves a core to its own process, which has next to nothing to do: on two cores that is half.
    maxWorkers: availableParallelism(),
  },
});
