import { describe, expect, test } from "vitest";
import { confirmRun, visitActions } from "../../../../engine/actions.ts";
import { BOUNDS } from "../../../../engine/bounds.testing.ts";
import { explore } from "../../../../engine/search/explore.ts";
import type { Explored, ShortestViolation } from "../../../../engine/search/visitable.ts";
import type { StepMachine } from "../../../program.ts";
import type { LocksScope } from "./fields.ts";
import { LOCKS_ORDERS, type LocksOrder, locksMachine } from "./machine.ts";

const ONE_BLOCK: LocksScope = { cpus: 2, blocks: 1, pages: 2 };
const TWO_BLOCKS: LocksScope = { cpus: 2, blocks: 2, pages: 2 };
const THREE_BLOCKS: LocksScope = { cpus: 2, blocks: 3, pages: 2 };

const machineOf = (name: string, scope: LocksScope) =>
  locksMachine(name, scope, LOCKS_ORDERS[name] as LocksOrder);
const visit = (machine: StepMachine, enough?: (violated: readonly string[]) => boolean): Explored =>
  explore(visitActions(machine, { symmetry: false }), { bounds: BOUNDS, ...(enough ? { enough } : {}) });
const namesOf = ({ actions }: StepMachine, run: readonly number[]) =>
  run.map((action) => actions[action]?.name);

function violationOf(machine: StepMachine) {
  const { law, run } = visit(machine).violations[0] as ShortestViolation;
  expect(confirmRun(machine, law, run)).toBe(true);
  return { law, run: namesOf(machine, run) };
}

describe("C10: a block is taken off its queue under the lock of another", () => {
  //                      queue 1:  head <-> 0
  //  CPU 0 (wrong lock):           head <-- 0 <-- head      back past block 0
  //  CPU 1:                        head <-> 1               last of the queue is the head: block 1 comes after it
  //  CPU 0:                        head --> head            on past block 0: nothing leads to block 1
  const lost = [
    "CPU 0, vm_unmap_aliases: takes the purge lock",
    "CPU 1, vm_map_ram",
    "CPU 1, vb_alloc: has been through the queue",
    "CPU 1, new_vmap_block: makes block 0, its first page taken; xa_insert",
    "CPU 1, list_add_tail: takes the lock of queue 1, reads its last",
    "CPU 1, prev->next = new: the last leads to block 0",
    "CPU 1, next->prev = new: the head leads back to block 0, unlocks; returns",
    "CPU 1, vm_unmap_ram of a page of block 0; returns",
    "CPU 0, looks at block 0: condemns fragmented block 0",
    "CPU 0, purge_fragmented_block 0: takes the lock of queue 0, reads the links of block 0",
    "CPU 0, purge_fragmented_block 0: next->prev = prev: what follows block 0 leads back past it",
    "CPU 1, vm_map_ram",
    "CPU 1, vb_alloc: finds no page in block 0, follows its link",
    "CPU 1, vb_alloc: has been through the queue",
    "CPU 1, new_vmap_block: makes block 1, its first page taken; xa_insert",
    "CPU 1, list_add_tail: takes the lock of queue 1, reads its last",
    "CPU 1, prev->next = new: the last leads to block 1",
    "CPU 0, purge_fragmented_block 0: prev->next = next: what is before block 0 leads past it, unlocks",
    "CPU 1, next->prev = new: the head leads back to block 1, unlocks; returns",
    "CPU 1, vm_map_ram",
    "CPU 1, vb_alloc: has been through the queue",
    "CPU 1, new_vmap_block: makes block 2, its first page taken; xa_insert",
    "CPU 1, list_add_tail: takes the lock of queue 1, reads its last",
    "CPU 1, prev->next = new: the last leads to block 2",
    "CPU 1, next->prev = new: the head leads back to block 2, unlocks; returns",
  ];

  test("a map makes a block although another block of its CPU has room", () => {
    expect(violationOf(machineOf("6.5", THREE_BLOCKS))).toEqual({ law: "nothing-leaks", run: lost });
  });

  test("with two blocks the address of the first has to be given out again before that", () => {
    const { law, run } = violationOf(machineOf("6.5", TWO_BLOCKS));
    expect([law, run.length]).toEqual(["nothing-leaks", 28]);
  });

  test("the same lost writes leave a block on its queue that is freed: a walk reads it", () => {
    const { violations } = visit(machineOf("6.5", TWO_BLOCKS), (violated) => violated.length === 2);
    expect(violations.map(({ law, run }) => [law, run.length])).toEqual([
      ["nothing-leaks", 28],
      ["no-use-after-free", 31],
    ]);
  });

  test("with one block no link can be lost", () => {
    expect(visit(machineOf("6.5", ONE_BLOCK)).verdict).toBe("holds");
  });
});

describe("C11: a block is in the index before vb->cpu is written", () => {
  test("in 6.10", () => {
    expect(violationOf(machineOf("6.10", ONE_BLOCK))).toEqual({
      law: "published-is-initialised",
      run: [
        "CPU 0, vm_map_ram",
        "CPU 0, vb_alloc: has been through the queue",
        "CPU 0, new_vmap_block: makes block 0, its first page taken; xa_insert",
        "CPU 1, vm_unmap_aliases: takes the purge lock",
        "CPU 1, looks at block 0: passes block 0",
      ],
    });
  });

  test("6.10 violates no other law: its queues are whole", () => {
    const { violations, ended } = visit(machineOf("6.10", TWO_BLOCKS), () => false);
    expect([violations.map(({ law }) => law), ended]).toEqual([["published-is-initialised"], "fixpoint"]);
  });
});

describe("repaired, as in 6.11", () => {
  test("no law is violated in any state of two CPUs and two blocks", () => {
    const machine = machineOf("6.11", TWO_BLOCKS);
    const { verdict, ended, deadlocks } = visit(machine);
    expect([verdict, ended, deadlocks]).toEqual(["holds", "fixpoint", 0]);
  });

  test("a block of one page is refused: it would be on its queue without a free page", () => {
    expect(() => machineOf("6.11", { cpus: 2, blocks: 2, pages: 1 })).toThrow(RangeError);
  });
});
