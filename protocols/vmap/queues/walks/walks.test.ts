import { describe, expect, test } from "vitest";
import { confirmRun, visitActions } from "../../../../engine/actions.ts";
import { BOUNDS } from "../../../../engine/bounds.testing.ts";
import { confirmLasso } from "../../../../engine/live/confirm-lasso.ts";
import { findLassos } from "../../../../engine/live/liveness.ts";
import { explore } from "../../../../engine/search/explore.ts";
import type { Explored, ShortestViolation } from "../../../../engine/search/visitable.ts";
import type { StepMachine } from "../../../program.ts";
import { freeAreaAtOnce, freeAreaByRcu, purgeAreas } from "./calls.ts";
import type { WalksScope } from "./fields.ts";
import { WALKS_ORDERS, type WalksOrder, walksMachine } from "./machine.ts";

/** One block of one page, and one of two: what each violation needs at least. */
const ONE_PAGE: WalksScope = { cpus: 2, blocks: 1, pages: 1 };
const TWO_PAGES: WalksScope = { cpus: 2, blocks: 1, pages: 2 };

const orderOf = (name: string) => WALKS_ORDERS[name] as WalksOrder;
const machineOf = (name: string, scope: WalksScope, order = orderOf(name)) =>
  walksMachine(name, scope, order);
const visit = (machine: StepMachine): Explored =>
  explore(visitActions(machine, { symmetry: false }), { bounds: BOUNDS });
const namesOf = ({ actions }: StepMachine, run: readonly number[]) =>
  run.map((action) => actions[action]?.name);

/** The first violated law and the shortest run into it, which another order does not confirm. */
function violationOf(machine: StepMachine, repaired: StepMachine) {
  const { law, run } = visit(machine).violations[0] as ShortestViolation;
  expect(confirmRun(machine, law, run)).toBe(true);
  expect(confirmRun(repaired, law, run)).toBe(false);
  return { law, run: namesOf(machine, run) };
}

/** The steps of CPU 0 before a block is on its queue: it finds none, makes one, and searches again. */
const MAKES_BLOCK = [
  "CPU 0, vm_map_ram",
  "CPU 0, vb_alloc: has been through the queue",
  "CPU 0, new_vmap_block: makes block 0",
  "CPU 0, list_add: puts block 0 on the queue, and searches again",
];

describe("C1: links and rcu_head share memory, and a removed block points at itself", () => {
  //  CPU 0:  head -> 0        head    0 -> 0         head    0 -> rcu_head
  //  CPU 1:          ^ looks          ^                      ^ follows that
  const overwritten = [
    ...MAKES_BLOCK,
    "CPU 1, vm_unmap_aliases",
    "CPU 0, vb_alloc: takes a page of block 0; returns",
    "CPU 0, vm_unmap_ram of the last page of block 0",
    "CPU 0, free_vmap_block: puts the area of block 0 on the lazy list",
    "CPU 0, call_rcu: hands block 0 to RCU; returns",
    "CPU 1, vm_unmap_aliases: looks at block 0",
    "CPU 1, next block: follows the link of block 0",
  ];

  test.each(["2.6.28", "2.6.28-rcu-head-over-links"])(
    "in %s a walk reads memory that is no longer a link",
    (name) => {
      const repaired = machineOf("2.6.28-rcu-lists", ONE_PAGE);
      expect(violationOf(machineOf(name, ONE_PAGE), repaired)).toEqual({
        law: "no-use-after-free",
        run: overwritten,
      });
    },
  );

  test.each(["2.6.28", "2.6.28-removed-points-at-itself"])(
    "in %s a walk goes in a circle for ever",
    (name) => {
      const machine = machineOf(name, ONE_PAGE);
      const { lasted } = findLassos(machine, BOUNDS);
      expect(lasted.map(({ verdict }) => verdict)).toEqual(["holds", "broken"]);
      const [passing, lasso] = [machine.eventuallyEnds?.[1], lasted[1]?.lasso];
      if (passing === undefined || lasso === undefined) throw new Error("no lasso");
      expect(confirmLasso(machine, passing, lasso)).toBe(true);
      expect(namesOf(machine, lasso.stem)).toEqual([
        ...MAKES_BLOCK,
        "CPU 1, vm_unmap_aliases",
        "CPU 0, vb_alloc: takes a page of block 0; returns",
      ]);
      expect(namesOf(machine, lasso.loop)).toEqual([
        "CPU 1, vm_unmap_aliases: looks at block 0",
        "CPU 1, next block: follows the link of block 0",
      ]);
    },
  );

  test("each half of C1 is a bug by itself, and hides the other", () => {
    expect(visit(machineOf("2.6.28-removed-points-at-itself", ONE_PAGE)).verdict).toBe("holds");
    expect(findLassos(machineOf("2.6.28-rcu-head-over-links", ONE_PAGE), BOUNDS).verdict).toBe("holds");
  });
});

describe("C6: the area of a block is freed while a walk is at the block", () => {
  const run = [
    "CPU 0, vm_map_ram",
    "CPU 0, vb_alloc: has been through the queue",
    "CPU 0, new_vmap_block: makes block 0, its first page taken",
    "CPU 1, vm_unmap_aliases",
    "CPU 0, list_add: puts block 0 on the queue; returns",
    "CPU 0, vm_unmap_ram of a page of block 0; returns",
    "CPU 0, vm_unmap_aliases",
    "CPU 1, vm_unmap_aliases: has been through the queue",
    "CPU 1, purge lock: takes the purge lock",
    "CPU 1, rcu_read_lock: looks for fragmented blocks",
    "CPU 1, purge_fragmented_blocks: condemns fragmented block 0, takes it off the queue",
    "CPU 1, next fragment: follows the link of block 0",
    "CPU 1, purge_fragmented_blocks: has been through the queue",
    "CPU 1, free_purged_blocks: frees block 0: its area is lazy, its memory waits for RCU",
    "CPU 1, free_purged_blocks: has freed all of them",
    "CPU 1, __purge_vmap_area_lazy: flushes, frees every lazy area; returns",
    "CPU 0, vm_unmap_aliases: looks at block 0",
  ];

  test("from 5.2 to 5.12", () => {
    expect(violationOf(machineOf("5.2", TWO_PAGES), machineOf("5.13", TWO_PAGES))).toEqual({
      law: "no-use-after-free",
      run,
    });
  });

  test("C6 does not exist before 5.2: areas were freed by RCU, and waited for the walk as blocks do", () => {
    expect(visit(machineOf("4.4", TWO_PAGES)).verdict).toBe("holds");
  });

  test("the last unmap of a block opens it as well, with no fragmented block at all", () => {
    const [found, repaired, byRcu] = [
      { ...orderOf("5.2"), purge: purgeAreas(freeAreaAtOnce) },
      { ...orderOf("5.13"), purge: purgeAreas(freeAreaAtOnce) },
      { ...orderOf("5.2"), purge: purgeAreas(freeAreaByRcu) },
    ].map((order) => machineOf("no fragments", { ...TWO_PAGES, cpus: 3 }, order)) as [
      StepMachine,
      StepMachine,
      StepMachine,
    ];
    expect(violationOf(found, repaired)).toMatchObject({ law: "no-use-after-free" });
    expect(visit(repaired).verdict).toBe("holds");
    expect(visit(byRcu).verdict).toBe("holds");
  });
});

describe("repaired, a queue is walked and purged without harm", () => {
  test.each([
    ["2.6.28-rcu-lists", ONE_PAGE],
    ["2.6.33", TWO_PAGES],
    ["5.13", TWO_PAGES],
    ["5.13", { cpus: 2, blocks: 2, pages: 2 }],
  ] as const)("%s, %j", (name, scope) => {
    const machine = machineOf(name, scope);
    const explored = visit(machine);
    expect([explored.verdict, explored.ended, explored.deadlocks]).toEqual(["holds", "fixpoint", 0]);
    expect(findLassos(machine, BOUNDS).verdict).toBe("holds");
  });
});
