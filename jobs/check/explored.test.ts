/** What check says of every state of a small space. */
import { expect, test } from "vitest";
import { kernelNamed } from "../names.ts";
import { OPEN_VMAP } from "../vmap/open-wing.ts";
import { exploreKernel } from "./explored.ts";

const HOW = { seed: 1, runs: 0, compare: false };

/** A kernel that refuses its fortieth allocation: by a counter that is no part of its state. */
function forgetful(compiled: boolean): ReturnType<typeof kernelNamed> {
  const kernel = kernelNamed("6.1");
  let allocations = 0;
  return {
    ...kernel,
    name: "forgetful",
    release: { ...kernel.release, ...(compiled && { compiled }) },
    act: (state, command) => {
      const response = kernel.act(state, command);
      if (command.op !== "alloc" || response.kind !== "placed") return response;
      allocations += 1;
      return allocations === 40 ? { ...response, kind: "refused" } : response;
    },
  };
}

test("A violation of compiled code that does not show where its history is run again is named as such", async () => {
  const { unconfirmed, violations } = await exploreKernel(OPEN_VMAP, forgetful(true), HOW);
  expect(unconfirmed).toContain("refused-only-when-full");
  expect(violations.map(({ law }) => law)).not.toContain("refused-only-when-full");
});

test("Of a model it is a fault of vmapcheck", async () => {
  await expect(exploreKernel(OPEN_VMAP, forgetful(false), HOW)).rejects.toThrow(
    "vmapcheck itself is wrong: the reference does not confirm",
  );
});
