/** The second wing in threads: each finds the kernel by its name in any wing. */
import { expect, test } from "vitest";
import { explore } from "./explore/explore.ts";

test("An exploration of a gather visits as many states with two threads", async () => {
  const scope = "pages=2,tables=1";
  const one = await explore("gather-5.17", { scope });
  const two = await explore("gather-5.17", { scope, workers: 2 });
  expect(one.result.states).toBeGreaterThan(40);
  expect(two.result.states).toBe(one.result.states);
});
