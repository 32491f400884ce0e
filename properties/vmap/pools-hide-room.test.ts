/** Requests that lose nothing to the pools of the nodes (counterexamples/vmap/va-pools-hide-room has those that do). */
import { expect, test } from "vitest";
import { BOUNDS } from "../../engine/bounds.testing.ts";
import { explore } from "../../engine/search/explore.ts";
import { KERNELS } from "../../kernels/vmap/index.ts";
import type { State } from "../../kernels/vmap/state.ts";
import type { Call } from "../../spec/vmap/commands/command.ts";
import { judgedAlsoBy, type Kernel } from "../../spec/vmap/kernel.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { explorableKernel, type Seen } from "./explorable-kernel.ts";
import { areasScope, MIDDLE } from "./small-scopes.ts";

const LAW = "pools-hide-no-room";
const CALLS: readonly Call[] = ["alloc", "purge", "unmapAliases"];
const THREE_PAGES: Scope = {
  ...areasScope({ pages: 3, sizes: 3, aligns: 1, windows: 1, at: MIDDLE }, 2),
  lazyMaxPages: 1,
};

const kernelCalled = (label: string) => KERNELS.find(({ name }) => name === label) as Kernel<State>;

function explored(kernel: Kernel<State>, scope: Scope, counts: (seen: Seen) => boolean) {
  const machine = explorableKernel(judgedAlsoBy(kernel, LAW), scope, {
    reduced: true,
    calls: CALLS,
    counts: (law, seen) => law !== LAW || counts(seen),
  });
  const { ended, violations } = explore(machine, { bounds: BOUNDS, enough: () => false });
  expect(ended).toBe("fixpoint");
  return Object.fromEntries(violations.map(({ law, run }) => [law, run.length]));
}

test("No request that can wait is refused because of the pools, whatever happened before", () => {
  for (const label of ["6.12", "6.19"]) {
    const turnedAway = ({ command, response }: Seen) =>
      response.kind === "refused" && command.op === "alloc" && command.noblock !== true;
    expect(explored(kernelCalled(label), THREE_PAGES, turnedAway)).toEqual({});
  }
});
