/** The end of vm_unmap_aliases, under the purge lock: fragmented blocks are freed, lazy areas are released. */
import { inCase, not, type Operations, sets } from "../../../../engine/operations.ts";
import { has } from "../../../../engine/reduce/conditions.ts";
import { hardwareStep, IDLE, type Step, type StepAction } from "../../../program.ts";
import { condemns, freesCondemned, isFragmented } from "../../vmap-blocks.ts";
import { beginWalk, callRcu, endsWalk } from "../rcu.ts";
import { followsLink } from "./aliases.ts";
import {
  type BlockFields,
  type CpuFields,
  FREED,
  GONE,
  HEAD,
  LAZY,
  NONE,
  settles,
  WAITING,
  type Walks,
} from "./fields.ts";
import type { Handover, ListChange } from "./links.ts";
import { freesBlock } from "./unmap.ts";

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
