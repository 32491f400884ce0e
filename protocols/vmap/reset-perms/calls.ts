/** vmalloc, vfree of an area with VM_FLUSH_RESET_PERMS (vm_remove_mappings), and a purge by another CPU. */
import { clears, compare, inCase, noneIs, plus, replaces, sets, someIs } from "../../../engine/operations.ts";
import { has } from "../../../engine/reduce/conditions.ts";
import { flushWellFormed } from "../../../spec/vmap/laws/purging.ts";
import { done, keeps } from "../../call-assertions.ts";
import { type Check, IDLE, type Step } from "../../program.ts";
import { BUSY, type CpuFields, directOf, FREE, LAZY, livesOf, PURGING, type ResetPerms } from "./fields.ts";

const [LOCK, PURGE, FLUSH] = ["vmap_purge_lock", "__purge_vmap_area_lazy", "flush_tlb_kernel_range"] as const;

/** vmalloc of a page, from either kind of memory. */
export const allocates = (m: ResetPerms): Step[] =>
  m.areas.flatMap(({ index, life, isHigh }) =>
    ["low", "high"].map((kind, high) => ({
      at: IDLE,
      says: `vmalloc of area ${index}, its page in ${kind} memory`,
      to: IDLE,
      when: [has(life, FREE)],
      does: [sets(life, BUSY), sets(isHigh, high)],
    })),
  );

/**
 * The area is unmapped and lazy before the range of its pages in the direct map is computed. A flush is requested by
 * any such vfree in 5.2-rc (B9), since 31e67340cc65 only for a page with an address there.
 */
export const frees =
  (asks: "always" | "for a page in the direct map") =>
  (m: ResetPerms, cpu: CpuFields): Step[] => [
    ...m.areas.map((area) => ({
      at: IDLE,
      says: `vfree of area ${area.index}: remove_vm_area`,
      to: "vm_remove_mappings",
      when: [has(area.life, BUSY)],
      does: [
        sets(area.life, LAZY),
        inCase(has(area.isHigh, 1), sets(cpu.direct, 0), sets(cpu.direct, directOf(m, area))),
        sets(area.isHigh, 0),
      ],
    })),
    {
      at: "vm_remove_mappings",
      says: "works out the range in the direct map",
      to: LOCK,
      does: inCase(
        compare(0, "<", cpu.direct),
        [sets(cpu.start, cpu.direct), sets(cpu.end, plus(cpu.direct, 1)), sets(cpu.asks, 1)],
        [sets(cpu.start, m.most), sets(cpu.end, 0), sets(cpu.asks, asks === "always" ? 1 : 0)],
      ),
    },
  ];

/** The range is widened by every lazy area, and flushed; without lazy areas, only the requested range is flushed. */
export function purges(m: ResetPerms, cpu: CpuFields): Step[] {
  const { purgeLock } = m;
  const { start, end, direct, asks } = cpu;
  const lives = livesOf(m);
  const ends = clears(purgeLock, direct, start, end, asks);
  return [
    {
      at: IDLE,
      says: "a purge begins",
      to: LOCK,
      when: [someIs(lives, LAZY)],
      does: sets(start, m.most),
    },
    {
      at: LOCK,
      says: "takes the purge lock",
      to: PURGE,
      when: [has(purgeLock, 0)],
      does: sets(purgeLock, cpu.index + 1),
    },
    {
      at: PURGE,
      says: "gathers every lazy area",
      to: FLUSH,
      when: [someIs(lives, LAZY)],
      does: m.areas.map(({ index, life }) =>
        inCase(has(life, LAZY), [
          sets(life, PURGING),
          inCase(compare(index, "<", start), sets(start, index)),
          inCase(compare(end, "<=", index), sets(end, index + 1)),
        ]),
      ),
    },
    {
      at: PURGE,
      says: "finds no lazy area, but was asked to flush",
      to: FLUSH,
      when: [has(asks, 1), noneIs(lives, LAZY)],
    },
    {
      at: PURGE,
      says: "finds no lazy area, unlocks; returns",
      to: IDLE,
      when: [has(asks, 0), noneIs(lives, LAZY)],
      does: ends,
    },
    {
      at: FLUSH,
      says: "flushes the range, releases, unlocks; returns",
      to: IDLE,
      does: [replaces(lives, PURGING, FREE), ends],
      asserts: [isWellFormed(m, cpu)],
    },
  ];
}

/** Released after this flush: the gathered areas, and the page of the vfree itself in the direct map. */
function isWellFormed(m: ResetPerms, { direct, start, end }: CpuFields): Check {
  return keeps(flushWellFormed, [...livesOf(m), direct, start, end], (state) => {
    const flush = { start: start.get(state), end: end.get(state) };
    const released = m.areas
      .filter(({ life }) => life.get(state) === PURGING)
      .map(({ index }) => index)
      .concat(direct.get(state) > 0 ? [direct.get(state)] : []);
    const unflushed = released.filter((page) => page < flush.start || page >= flush.end);
    return {
      command: { op: "unmapAliases" },
      response: { ...done, flushes: [flush] },
      before: { releasedUnflushed: 0 },
      after: { releasedUnflushed: unflushed.length },
    };
  });
}
