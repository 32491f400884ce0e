/** What vm_unmap_aliases ends with, under the purge lock: fragmented blocks are freed, lazy areas are released. */
import { has } from "../../../../engine/reduce/conditions.ts";
import { hardwareStep, IDLE, type Step, type StepAction } from "../../../program.ts";
import { callRcu } from "../rcu.ts";
import { endsWalk, goesOn } from "./aliases.ts";
import {
  type BlockFields,
  type CpuFields,
  FREED,
  GONE,
  LAZY,
  linksOf,
  NONE,
  settle,
  settled,
  WAITING,
  type Walks,
} from "./fields.ts";
import type { Handover, ListChange } from "./links.ts";
import { beginWalk, walkBegun } from "./map.ts";
import { freeBlock } from "./unmap.ts";

/** Frees an area descriptor. */
type AreaFree = (m: Walks, block: BlockFields, state: Int32Array) => void;

/** To 5.1 the descriptor is handed to RCU. */
export const freeAreaByRcu: AreaFree = (m, { area, areaWaits }, state) => {
  area.set(state, WAITING);
  callRcu(m, areaWaits, state);
};

/** From 5.2 on (68ad4a330433) it is freed at once, when its extent joins the free space beside it. */
export const freeAreaAtOnce: AreaFree = (_m, block, state) => {
  block.area.set(state, FREED);
  settle(block, state);
};

const takesLock = (m: Walks, cpu: CpuFields, to: string): Step => ({
  at: "purge lock",
  says: "takes the purge lock",
  to,
  when: [has(m.purgeLock, 0)],
  does: (state) => m.purgeLock.set(state, cpu.index + 1),
  writes: [m.purgeLock],
});

/** Every lazy area is flushed and freed. When exactly between here and there matters to nobody who walks. */
const releases = (m: Walks, freesArea: AreaFree): Step => ({
  at: "__purge_vmap_area_lazy",
  says: "flushes, frees every lazy area; returns",
  to: IDLE,
  does: (state) => {
    for (const block of m.blocks) if (block.area.get(state) === LAZY) freesArea(m, block, state);
    m.purgeLock.set(state, 0);
  },
  reads: [m.readers, ...m.blocks.flatMap(settled)],
  writes: [m.purgeLock, ...m.blocks.flatMap(settled), ...m.blocks.map(({ areaWaits }) => areaWaits)],
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
      does: (state) => beginWalk(m, cpu, state),
      reads: walkBegun(m, cpu),
      writes: walkBegun(m, cpu),
    },
    ...m.blocks.flatMap((block) => [
      ...condemns(m, cpu, block, removes),
      goesOn(m, cpu, block, "next fragment", "purge_fragmented_blocks"),
    ]),
    endsWalk(m, cpu, "purge_fragmented_blocks", "free_purged_blocks"),
    ...m.blocks.map((block) => freesPurged(m, block, hands)),
    {
      at: "free_purged_blocks",
      says: "has freed all of them",
      to: "__purge_vmap_area_lazy",
      when: m.blocks.map(({ purgeListed }) => has(purgeListed, 0)),
    },
    releases(m, freesArea),
  ];

/** A block in which nothing is mapped, not all of it dirty. */
function isFragmented({ scope }: Walks, { free, dirty }: BlockFields, state: Int32Array): boolean {
  return free.get(state) + dirty.get(state) === scope.pages && dirty.get(state) < scope.pages;
}

/** Under the block's lock, and the queue's: nobody maps from it or condemns it any more. */
function condemns(m: Walks, cpu: CpuFields, block: BlockFields, removes: ListChange): Step[] {
  const { index, here, free, dirty, purgeListed } = block;
  const step = { at: "purge_fragmented_blocks", to: "next fragment", when: [has(cpu.at, here)] };
  return [
    {
      ...step,
      says: `passes block ${index}`,
      guard: (state) => !isFragmented(m, block, state),
      reads: [free, dirty],
    },
    {
      ...step,
      says: `condemns fragmented block ${index}, takes it off the queue`,
      guard: (state) => isFragmented(m, block, state),
      does: (state) => {
        free.set(state, 0);
        dirty.set(state, m.scope.pages);
        purgeListed.set(state, 1);
        removes(m, block, state);
      },
      reads: [free, dirty, ...linksOf(m)],
      writes: [free, dirty, purgeListed, ...linksOf(m)],
    },
  ];
}

/** free_vmap_block of a block condemned. */
function freesPurged(m: Walks, block: BlockFields, hands: Handover): Step {
  return {
    at: "free_purged_blocks",
    says: `frees block ${block.index}: its area is lazy, its memory waits for RCU`,
    to: "free_purged_blocks",
    when: [has(block.purgeListed, 1)],
    does: (state) => {
      block.purgeListed.set(state, 0);
      block.area.set(state, LAZY);
      freeBlock(m, block, hands, state);
    },
    reads: [m.readers],
    writes: [block.purgeListed, block.area, block.next, block.memory, block.waits],
  };
}

/** The ends of grace periods: callbacks, which CPU 0 runs. */
export function graceEnds(m: Walks): StepAction[] {
  return m.blocks.flatMap((block) => [
    hardwareStep(
      0,
      {
        says: `RCU frees block ${block.index}`,
        when: [has(block.memory, GONE), has(block.waits, 0)],
        does: (state) => {
          block.memory.set(state, NONE);
          settle(block, state);
        },
        reads: settled(block),
        writes: settled(block),
      },
      true,
    ),
    hardwareStep(
      0,
      {
        says: `RCU frees the area of block ${block.index}`,
        when: [has(block.area, WAITING), has(block.areaWaits, 0)],
        does: (state) => {
          block.area.set(state, FREED);
          settle(block, state);
        },
        reads: settled(block),
        writes: settled(block),
      },
      true,
    ),
  ]);
}
