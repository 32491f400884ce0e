/** _vm_unmap_aliases with a range, and a purge by somebody else, who has none. */
import type { Assertion } from "../../../engine/actions.ts";
import { has } from "../../../engine/reduce/conditions.ts";
import { flushWellFormed } from "../../../spec/vmap/laws/purging.ts";
import { done, keeps } from "../../call-assertions.ts";
import { IDLE, type Step } from "../../program.ts";
import { type CpuFields, FREE, LAZY, livesOf, PURGING, type ResetPerms } from "./fields.ts";

const [LOCK, PURGE, FLUSH] = ["vmap_purge_lock", "__purge_vmap_area_lazy", "flush_tlb_kernel_range"] as const;

const rangeOf = ({ start, end }: CpuFields) => [start, end];
const ownOf = ({ direct, start, end, asks }: CpuFields) => [direct, start, end, asks];

/** The range is widened by every lazy area, and flushed; without any, what was asked for is flushed alone. */
export function purges(m: ResetPerms, cpu: CpuFields): Step[] {
  const { purgeLock } = m;
  const isAnyLazy = (state: Int32Array) => livesOf(m).some((life) => life.get(state) === LAZY);
  const ends = (state: Int32Array) => {
    purgeLock.set(state, 0);
    for (const field of ownOf(cpu)) field.set(state, 0);
  };
  return [
    {
      at: IDLE,
      says: "a purge begins",
      to: LOCK,
      guard: isAnyLazy,
      does: (state) => cpu.start.set(state, m.most),
      reads: livesOf(m),
      writes: [cpu.start],
    },
    {
      at: LOCK,
      says: "takes the purge lock",
      to: PURGE,
      when: [has(purgeLock, 0)],
      does: (state) => purgeLock.set(state, cpu.index + 1),
      writes: [purgeLock],
    },
    {
      at: PURGE,
      says: "gathers every lazy area",
      to: FLUSH,
      guard: isAnyLazy,
      does: (state) => gather(m, cpu, state),
      reads: [...livesOf(m), ...rangeOf(cpu)],
      writes: [...livesOf(m), ...rangeOf(cpu)],
    },
    {
      at: PURGE,
      says: "finds no lazy area, but was asked to flush",
      to: FLUSH,
      when: [has(cpu.asks, 1)],
      guard: (state) => !isAnyLazy(state),
      reads: livesOf(m),
    },
    {
      at: PURGE,
      says: "finds no lazy area, unlocks; returns",
      to: IDLE,
      when: [has(cpu.asks, 0)],
      guard: (state) => !isAnyLazy(state),
      does: ends,
      reads: livesOf(m),
      writes: [purgeLock, ...ownOf(cpu)],
    },
    {
      at: FLUSH,
      says: "flushes the range, releases, unlocks; returns",
      to: IDLE,
      does: (state) => {
        for (const life of livesOf(m)) if (life.get(state) === PURGING) life.set(state, FREE);
        ends(state);
      },
      asserts: [isWellFormed(m, cpu)],
      reads: [...livesOf(m), ...ownOf(cpu)],
      writes: [...livesOf(m), purgeLock, ...ownOf(cpu)],
    },
  ];
}

function gather({ areas }: ResetPerms, { start, end }: CpuFields, state: Int32Array): void {
  for (const { index, life } of areas) {
    if (life.get(state) !== LAZY) continue;
    life.set(state, PURGING);
    start.set(state, Math.min(start.get(state), index));
    end.set(state, Math.max(end.get(state), index + 1));
  }
}

/** What is given back with this flush: the areas gathered, and the page of the vfree itself in the direct map. */
function isWellFormed({ areas }: ResetPerms, { direct, start, end }: CpuFields): Assertion {
  return keeps(flushWellFormed, (state) => {
    const flush = { start: start.get(state), end: end.get(state) };
    const released = areas
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
