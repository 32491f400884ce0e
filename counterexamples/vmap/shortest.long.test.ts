/**
 * No pinned history could be shorter: the space of each is explored, level by level, until the bug violates the
 * law, so the run found is a shortest one of all that its callers can make.
 */

import { describe, expect, test } from "vitest";
import { type HistoryFile, readHistory } from "../../adapters/vmap/history-file.ts";
import { BOUNDS } from "../../engine/bounds.testing.ts";
import { kernelNamed } from "../../jobs/names.ts";
import { allPinned, pinnedFile } from "../../jobs/pin/pinned.ts";
import type { State } from "../../kernels/vmap/state.ts";
import { confirmViolation, type Sought, shortest } from "../../properties/vmap/shortest.ts";
import type { LawId } from "../../spec/contract.ts";
import { judgedAlsoBy } from "../../spec/vmap/kernel.ts";
import type { Bug, PinnedViolation } from "./bug.ts";
import { attributeViolations, BUGS, bugCalled } from "./index.ts";
import { LONGER_SPACES, SHORTEST_SPACES, type ShortestSpace } from "./shortest-spaces.testing.ts";

/** A violation of this law by this bug, as the catalogue attributes violations. */
function soughtOn(label: string, bug: string, law: LawId): Sought<State> {
  const kernel = judgedAlsoBy(kernelNamed(label), law);
  return {
    kernel,
    law,
    meant: (seen) =>
      attributeViolations(kernel.name, seen.violated, seen).some(
        (each) => each.law === law && each.bug?.id === bug,
      ),
  };
}

/** The length of the shortest history pinned for the law of this one, on this kernel and in its space. */
async function pinnedLength(bug: Bug, { law, pinned }: PinnedViolation, kernel: string): Promise<number> {
  const spaces = SHORTEST_SPACES[bug.id] ?? {};
  const pins = bug.violations.filter(
    (each) => each.law === law && each.on.includes(kernel) && spaces[each.pinned] === spaces[pinned],
  );
  const histories = await Promise.all(pins.map((each) => readHistory(pinnedFile(bug, each))));
  return Math.min(...histories.map(({ commands }) => commands.length));
}

describe("nothing is shorter than what is pinned", () => {
  test.each(allPinned({ bugs: BUGS }))(
    "No history is shorter than $bug.id/$pinned.pinned",
    async ({ bug, pinned }) => {
      const space = SHORTEST_SPACES[bug.id]?.[pinned.pinned] as ShortestSpace;
      const { kernel } = await readHistory(pinnedFile(bug, pinned));
      const { history, explored } = shortest(soughtOn(kernel, bug.id, pinned.law), space, BOUNDS);
      expect(explored.violations.map(({ law }) => law)).toEqual([pinned.law]);
      expect(history).toHaveLength(await pinnedLength(bug, pinned, kernel));
    },
  );
});

/** Minutes, and so only where it is asked for: `npm run shortest:all` does. */
const LONG = process.env.VMAPCHECK_LONG === "1";

describe.runIf(LONG)("nothing is shorter either", () => {
  const longer = allPinned({ bugs: BUGS }).filter(
    ({ bug, pinned }) => LONGER_SPACES[bug.id]?.[pinned.pinned],
  );

  test.each(longer)(
    "No history of callers that do more is shorter than $bug.id/$pinned.pinned",
    async ({ bug, pinned }) => {
      const space = LONGER_SPACES[bug.id]?.[pinned.pinned] as ShortestSpace;
      const { kernel } = await readHistory(pinnedFile(bug, pinned));
      const { history } = shortest(soughtOn(kernel, bug.id, pinned.law), space, BOUNDS);
      expect(history).toHaveLength(await pinnedLength(bug, pinned, kernel));
    },
  );

  const everyKernel = allPinned({ bugs: BUGS }).flatMap(({ bug, pinned }) =>
    pinned.on.map((kernel) => ({ bug, pinned, kernel })),
  );

  test.each(everyKernel)(
    "No history on $kernel is shorter than $bug.id/$pinned.pinned",
    async ({ bug, pinned, kernel }) => {
      const space = SHORTEST_SPACES[bug.id]?.[pinned.pinned] as ShortestSpace;
      const { history } = shortest(soughtOn(kernel, bug.id, pinned.law), space, BOUNDS);
      expect(history).toHaveLength(await pinnedLength(bug, pinned, kernel));
    },
  );
});

describe("the table of spaces", () => {
  test("The table of spaces has a space for every pinned history, and for no other", () => {
    const pinned = allPinned({ bugs: BUGS }).map(({ bug, pinned: { pinned } }) => `${bug.id}/${pinned}`);
    expect(namesIn(SHORTEST_SPACES).sort()).toEqual(pinned.sort());
    expect(namesIn(LONGER_SPACES).filter((name) => !pinned.includes(name))).toEqual([]);
  });
});

function namesIn(table: typeof SHORTEST_SPACES): string[] {
  return Object.entries(table).flatMap(([bug, spaces]) =>
    Object.keys(spaces).map((file) => `${bug}/${file}`),
  );
}

describe("a search for the shortest", () => {
  const pinned = SHORTEST_SPACES["cache-exact-hole-missed"]?.["lowest-fit.json"] as ShortestSpace;
  const windows = [
    { vstart: 16, vend: 20 },
    { vstart: 17, vend: 20 },
  ];
  const small = { ...pinned, scope: { ...pinned.scope, sizes: [1, 2], aligns: [4096], windows } };

  test("A search for a bug that the kernel does not have ends at the fixpoint without a violation", () => {
    const { history, explored } = shortest(
      soughtOn("2.6.39", "cache-exact-hole-missed", "lowest-fit"),
      small,
      BOUNDS,
    );
    expect({ history, ended: explored.ended }).toEqual({ history: undefined, ended: "fixpoint" });
  });

  test("A search for the shortest does not take another bug's violation for the one sought", () => {
    const sought = soughtOn("3.1", "va-gap-offbyone", "lowest-fit");
    const { history, explored } = shortest(sought, small, BOUNDS);
    expect({ history, ended: explored.ended }).toEqual({ history: undefined, ended: "fixpoint" });
  });

  test("A search for the shortest throws if the reference does not confirm the violation", async () => {
    const bug = bugCalled("cache-exact-hole-missed") as Bug;
    const file: HistoryFile = await readHistory(
      pinnedFile(bug, bug.violations[0] as Bug["violations"][number]),
    );
    const confirm = (label: string, commands: HistoryFile["commands"]) => () =>
      confirmViolation(soughtOn(label, bug.id, "lowest-fit"), file.scope, commands);
    expect(confirm("3.1", file.commands)).not.toThrow();
    expect(confirm("2.6.39", file.commands)).toThrow("lowest-fit");
    expect(confirm("3.1", [...file.commands, { op: "purge" }])).toThrow("lowest-fit");
  });
});
