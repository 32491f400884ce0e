import { describe, expect, test } from "vitest";
import { quickly } from "../../engine/bounds.testing.ts";
import { namesOf } from "../../jobs/hunt-target.ts";
import { OPEN_VMAP } from "../../jobs/vmap/open-wing.ts";
import { TESTED_KERNELS } from "../../kernels/vmap/families.testing.ts";
import type { State } from "../../kernels/vmap/state.ts";
import type { Response } from "../../spec/vmap/commands.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { randomRun } from "../random-run.ts";
import { HISTORIES } from "./histories.ts";
import { SCOPES } from "./random-scopes.ts";

/** The kernel as a recording shows it: no descriptors, no caches, and the number of lazy pages only now and then. */
function recorded(kernel: Kernel<State>): Kernel<State> {
  let replies = 0;
  const act: Kernel<State>["act"] = (state, command) => {
    const { descriptors, usedAfterFree, dirtyLines, lazyPages, wholeFree, ...reported } = kernel.act(
      state,
      command,
    );
    replies += 1;
    return (replies % 9 === 0 ? { ...reported, lazyPages } : reported) as Response;
  };
  return { ...kernel, act };
}

const WITH_BLOCKS = SCOPES.filter(({ blockPages }) => blockPages > 0);

describe("a judge that sees only what a recording has", () => {
  test.each(TESTED_KERNELS.map((kernel) => [kernel.name, kernel] as const))(
    "A judge that sees only what a recording has accuses %s of nothing the catalogue does not know",
    (_name, kernel) => {
      for (const scope of WITH_BLOCKS) {
        const { unknown } = randomRun(HISTORIES, {
          kernel: recorded(kernel),
          scope,
          seed: 23,
          histories: quickly(400),
          law: undefined,
          name: (step) => namesOf(OPEN_VMAP, kernel, step),
        });
        expect(unknown).toBeUndefined();
      }
    },
  );
});
