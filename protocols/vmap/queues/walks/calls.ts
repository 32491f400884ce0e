/**
 * vm_map_ram of one page on CPU 0 (vb_alloc walks its queue, and a new block is put on it), vm_unmap_ram,
 * vm_unmap_aliases and purges.
 */
import {
  adds as addsTo,
  all,
  compare,
  inCase,
  not,
  type Operations,
  sets,
} from "../../../../engine/operations.ts";
import { has } from "../../../../engine/reduce/conditions.ts";
import { noUseAfterFree } from "../../../../spec/vmap/laws/integrity.ts";
import { done, keeps } from "../../../call-assertions.ts";
import { type Check, hardwareStep, IDLE, type Step, type StepAction } from "../../../program.ts";
import { condemns, freesCondemned, isFragmented, makesBlock, unmapsPage } from "../../vmap-blocks.ts";
import { beginWalk, callRcu, endsWalk, mapRam, readUnlock } from "../rcu.ts";
import {
  type BlockFields,
  BUSY,
  type CpuFields,
  FREED,
  GONE,
  type Handover,
  HEAD,
  LAZY,
  type ListChange,
  linkIsThere,
  NEW,
  NO_AREA,
  NONE,
  STANDING,
  settles,
  WAITING,
  type Walks,
} from "./fields.ts";

interface MapRules {
  readonly adds: ListChange;
  readonly removes: ListChange;
  /** From 4.1 on (cf725ce274ba) a new block's first page is taken at once; before, the search begins again. */
  readonly bornTaken: boolean;
}

export const mapOnQueue =
  ({ adds, removes, bornTaken }: MapRules) =>
  (m: Walks, cpu: CpuFields): Step[] =>
    mapRam(
      m,
      cpu,
      { first: m.first, head: HEAD },
      {
        looks: m.blocks.flatMap((block) => looksForPage(m, cpu, block, removes)),
        makes: makesBlock(
          m.blocks,
          ({ memory, area }) => all(has(memory, NONE), has(area, NO_AREA)),
          ({ index, here, memory, area, free }) => ({
            says: `makes block ${index}${bornTaken ? ", its first page taken" : ""}`,
            to: "list_add",
            does: [
              sets(memory, NEW),
              sets(area, BUSY),
              sets(free, m.scope.pages - (bornTaken ? 1 : 0)),
              sets(cpu.at, here),
            ],
          }),
        ),
        adds: m.blocks.map((block) => ({
          at: "list_add",
          says: `puts block ${block.index} on the queue${bornTaken ? "; returns" : ", and searches again"}`,
          to: bornTaken ? IDLE : "vb_alloc",
          when: [has(cpu.at, block.here)],
          does: [
            adds(m, block),
            sets(block.memory, STANDING),
            bornTaken ? sets(cpu.at, HEAD) : beginWalk(m, cpu, m.first),
          ],
        })),
      },
    );

/** Takes a page of a block, under its lock; with the last one the block leaves the queue. */
function looksForPage(m: Walks, cpu: CpuFields, block: BlockFields, removes: ListChange): Step[] {
  const { index, here, free, next } = block;
  return [
    {
      at: "vb_alloc",
      says: `takes a page of block ${index}; returns`,
      to: IDLE,
      when: [has(cpu.at, here), compare(0, "<", free)],
      does: [
        addsTo(free, -1),
        inCase(has(free, 0), removes(m, block)),
        readUnlock(m, cpu),
        sets(cpu.at, HEAD),
      ],
    },
    {
      at: "vb_alloc",
      says: `finds no page in block ${index}, goes on`,
      to: "vb_alloc",
      when: [has(cpu.at, here), has(free, 0)],
      does: sets(cpu.at, next),
      asserts: [linkIsThere(m, block)],
    },
  ];
}

// vm_unmap_ram of one page on any CPU: vb_free, and for the last page of a block free_vmap_block.

/** The block's memory waits for the CPUs that read now, and is freed. */
const freesBlock = (m: Walks, block: BlockFields, hands: Handover): Operations => [
  hands(m, block),
  sets(block.memory, GONE),
  callRcu(m, block.waits, `block ${block.index}`),
];

export const unmapFromBlock =
  (hands: Handover) =>
  (m: Walks, cpu: CpuFields): Step[] =>
    m.blocks.flatMap((block) => [
      ...unmapsPage(block, m.scope.pages, [has(block.memory, STANDING)], sets(cpu.at, block.here)),
      {
        at: "free_vmap_block",
        says: `puts the area of block ${block.index} on the lazy list`,
        to: "call_rcu",
        when: [has(cpu.at, block.here)],
        does: sets(block.area, LAZY),
      },
      {
        at: "call_rcu",
        says: `hands block ${block.index} to RCU; returns`,
        to: IDLE,
        when: [has(cpu.at, block.here)],
        does: [freesBlock(m, block, hands), sets(cpu.at, HEAD)],
      },
    ]);

// vm_unmap_aliases: a walk over the queue that looks at every block on it, and then a purge.

/** The phases of walks: a read section lasts while a CPU is in one of these. */
export const WALKING: readonly string[] = [
  "vb_alloc",
  "vm_unmap_aliases",
  "next block",
  "purge_fragmented_blocks",
  "next fragment",
];

/** `passesFull` (5.13 on, ad216c0316ad): a completely dirty block is skipped. */
export const aliasesOnQueue =
  (passesFull: boolean) =>
  (m: Walks, cpu: CpuFields): Step[] => [
    {
      at: IDLE,
      says: "vm_unmap_aliases",
      to: "vm_unmap_aliases",
      does: beginWalk(m, cpu, m.first),
    },
    ...m.blocks.flatMap((block): Step[] => [
      {
        at: "vm_unmap_aliases",
        says: `looks at block ${block.index}`,
        to: "next block",
        when: [has(cpu.at, block.here)],
        asserts: [areaIsThere(m, block, passesFull)],
      },
      followsLink(m, cpu, block, "next block", "vm_unmap_aliases"),
    ]),
    endsWalk(m, cpu, HEAD, "vm_unmap_aliases", "purge lock"),
  ];

/** A block still has its area if the walk reads the address of its dirty range. */
function areaIsThere({ scope }: Walks, { memory, area, dirty }: BlockFields, passesFull: boolean): Check {
  return keeps(noUseAfterFree, [memory, area, dirty], (state) => {
    const given = dirty.get(state);
    const asksAddress = given > 0 && !(passesFull && given === scope.pages);
    const usedAfterFree = memory.get(state) === NONE || (asksAddress && area.get(state) === FREED);
    return { command: { op: "unmapAliases" }, response: { ...done, usedAfterFree } };
  });
}

/** A walk follows the link of the block at which it is. */
const followsLink = (m: Walks, cpu: CpuFields, block: BlockFields, at: string, to: string): Step => ({
  at,
  says: `follows the link of block ${block.index}`,
  to,
  when: [has(cpu.at, block.here)],
  does: sets(cpu.at, block.next),
  asserts: [linkIsThere(m, block)],
});

// The end of vm_unmap_aliases, under the purge lock: fragmented blocks are freed, lazy areas are released.

/** Frees an area descriptor. */
type AreaFree = (m: Walks, block: BlockFields) => Operations;

/** To 5.1 the descriptor is handed to RCU. */
export const freeAreaByRcu: AreaFree = (m, { index, area, areaWaits }) => [
  sets(area, WAITING),
  callRcu(m, areaWaits, `area of block ${index}`),
];

/** From 5.2 on (68ad4a330433) it is freed at once, when its extent joins the free space beside it. */
export const freeAreaAtOnce: AreaFree = (_m, block) => [sets(block.area, FREED), settles(block)];

const takesLock = (m: Walks, cpu: CpuFields, to: string): Step => ({
  at: "purge lock",
  says: "takes the purge lock",
  to,
  when: [has(m.purgeLock, 0)],
  does: sets(m.purgeLock, cpu.index + 1),
});

/** Every lazy area is flushed and freed. No walk depends on the exact moment. */
const releases = (m: Walks, freesArea: AreaFree): Step => ({
  at: "__purge_vmap_area_lazy",
  says: "flushes, frees every lazy area; returns",
  to: IDLE,
  does: [m.blocks.map((block) => inCase(has(block.area, LAZY), freesArea(m, block))), sets(m.purgeLock, 0)],
});

/** To 2.6.32. */
export const purgeAreas =
  (freesArea: AreaFree) =>
  (m: Walks, cpu: CpuFields): Step[] => [takesLock(m, cpu, "__purge_vmap_area_lazy"), releases(m, freesArea)];

/** From 2.6.33 on (02b709df817c). */
export const purgeFragmentsAndAreas =
  (removes: ListChange, hands: Handover, freesArea: AreaFree) =>
  (m: Walks, cpu: CpuFields): Step[] => [
    takesLock(m, cpu, "rcu_read_lock"),
    {
      at: "rcu_read_lock",
      says: "looks for fragmented blocks",
      to: "purge_fragmented_blocks",
      does: beginWalk(m, cpu, m.first),
    },
    ...m.blocks.flatMap((block) => [
      ...looksAt(m, cpu, block, removes),
      followsLink(m, cpu, block, "next fragment", "purge_fragmented_blocks"),
    ]),
    endsWalk(m, cpu, HEAD, "purge_fragmented_blocks", "free_purged_blocks"),
    ...freesCondemned(
      m.blocks,
      (block) => ({
        says: `frees block ${block.index}: its area is lazy, its memory waits for RCU`,
        does: [sets(block.purgeListed, 0), sets(block.area, LAZY), freesBlock(m, block, hands)],
      }),
      { says: "has freed all of them", to: "__purge_vmap_area_lazy" },
    ),
    releases(m, freesArea),
  ];

/** Under the block's lock, and the queue's: no CPU maps from it or condemns it from now on. */
function looksAt(m: Walks, cpu: CpuFields, block: BlockFields, removes: ListChange): Step[] {
  const step = { at: "purge_fragmented_blocks", to: "next fragment" };
  const [here, fragmented] = [has(cpu.at, block.here), isFragmented(block, m.scope.pages)];
  return [
    { ...step, says: `passes block ${block.index}`, when: [here, not(fragmented)] },
    {
      ...step,
      says: `condemns fragmented block ${block.index}, takes it off the queue`,
      when: [here, fragmented],
      does: [condemns(block, m.scope.pages), removes(m, block)],
    },
  ];
}

/** The ends of grace periods: callbacks, which CPU 0 runs. */
export function graceEnds(m: Walks): StepAction[] {
  return m.blocks.flatMap((block) => [
    hardwareStep(
      0,
      {
        says: `RCU frees block ${block.index}`,
        when: [has(block.memory, GONE), has(block.waits, 0)],
        does: [sets(block.memory, NONE), settles(block)],
      },
      true,
    ),
    hardwareStep(
      0,
      {
        says: `RCU frees the area of block ${block.index}`,
        when: [has(block.area, WAITING), has(block.areaWaits, 0)],
        does: [sets(block.area, FREED), settles(block)],
      },
      true,
    ),
  ]);
}
