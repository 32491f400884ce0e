/** What the vmap layer does: maps, unmaps, flushes; and what it notes of frames, for those who pin them. */
import { has } from "../../../engine/reduce/conditions.ts";
import type { Field } from "../../../engine/search/layout.ts";
import { hardwareStep, IDLE, type Step, type StepAction } from "../../program.ts";
import {
  BUSY,
  type CpuFields,
  FREE,
  LAZY,
  MAPPED,
  type Pins,
  PURGING,
  tlbsOf,
  UNMAPPING,
  UNUSED,
} from "./fields.ts";

/** What the vmap layer notes of a frame, and until when a lazy page counts. */
export interface NotingRules {
  /** Nothing; one bit; or how many of its mappings were let go and not flushed. */
  readonly notes: "nothing" | "a bit" | "a count";
  readonly uncounts: "when gathered" | "when released";
}

/** A frame is mapped by any page that is free; one step, for nothing here depends on when. */
export function maps(m: Pins, _cpu: CpuFields): Step[] {
  return m.life.flatMap((life, page) =>
    m.used.map((used, frame) => ({
      at: IDLE,
      says: `maps frame ${frame} at page ${page}`,
      to: IDLE,
      when: [has(life, FREE), has(used, UNUSED)],
      does: (state: Int32Array) => {
        life.set(state, BUSY);
        used.set(state, MAPPED);
        m.maps[page]?.set(state, frame + 1);
      },
      writes: [life, used, m.maps[page] as Field],
    })),
  );
}

export const unmaps =
  ({ notes }: NotingRules) =>
  (m: Pins, cpu: CpuFields): Step[] =>
    m.life.flatMap((life, page) => {
      const map = m.maps[page] as Field;
      return [
        {
          at: IDLE,
          says: `vunmap of page ${page}: clears its PTE`,
          to: "free_vmap_area_noflush",
          when: [has(life, BUSY)],
          does: (state: Int32Array) => {
            life.set(state, UNMAPPING);
            cpu.page.set(state, page + 1);
          },
          writes: [life, cpu.page],
        },
        {
          at: "free_vmap_area_noflush",
          says: `page ${page} is lazy; returns`,
          to: IDLE,
          when: [has(cpu.page, page + 1)],
          does: (state: Int32Array) => {
            const frame = map.get(state) - 1;
            const noted = m.noted[frame] as Field;
            life.set(state, LAZY);
            m.lazyNr.set(state, m.lazyNr.get(state) + 1);
            if (notes !== "nothing") noted.set(state, notes === "a bit" ? 1 : noted.get(state) + 1);
            m.used[frame]?.set(state, UNUSED);
            cpu.page.set(state, 0);
          },
          reads: [map, m.lazyNr, ...m.noted],
          writes: [life, m.lazyNr, ...m.noted, ...m.used, cpu.page],
        },
      ];
    });

/** The phases of a purge, from its lock on. A sweep of vm_unmap_aliases is one; it goes on where `next` says. */
export const purges =
  ({ notes, uncounts }: NotingRules) =>
  (m: Pins, cpu: CpuFields, next: readonly Pick<Step, "says" | "to" | "when">[]): Step[] => {
    const everyCpu = 2 ** m.scope.cpus - 1;
    const each = (state: Int32Array, was: number, now: number, does?: (page: number) => void) => {
      for (const [page, life] of m.life.entries()) {
        if (life.get(state) !== was) continue;
        life.set(state, now);
        does?.(page);
      }
    };
    const uncount = (state: Int32Array) => m.lazyNr.set(state, m.lazyNr.get(state) - 1);
    const release = (state: Int32Array, page: number) => {
      const map = m.maps[page] as Field;
      const noted = m.noted[map.get(state) - 1] as Field;
      if (notes === "a count") noted.set(state, noted.get(state) - 1);
      if (uncounts === "when released") uncount(state);
      map.set(state, 0);
    };
    return [
      {
        at: "purge lock",
        says: "takes the purge lock, gathers what is lazy",
        to: "flush_tlb_kernel_range",
        when: [has(m.purgeLock, 0)],
        does: (state) => {
          m.purgeLock.set(state, cpu.index + 1);
          each(state, LAZY, PURGING, () => uncounts === "when gathered" && uncount(state));
          m.pending.set(state, everyCpu);
        },
        reads: [...m.life, m.lazyNr],
        writes: [...m.life, m.lazyNr, m.purgeLock, m.pending],
      },
      ...next.map(({ says, to, when = [] }) => ({
        at: "flush_tlb_kernel_range",
        says: `all have flushed: releases, unlocks; ${says}`,
        to,
        when: [has(m.pending, 0), ...when],
        does: (state: Int32Array) => {
          each(state, PURGING, FREE, (page) => release(state, page));
          m.purgeLock.set(state, 0);
        },
        reads: [...m.life, ...m.maps, ...m.noted, m.lazyNr],
        writes: [...m.life, ...m.maps, ...m.noted, m.lazyNr, m.purgeLock],
      })),
    ];
  };

/** A worker purges, of its own accord. */
export const purgeAlone = (m: Pins): Step => ({
  at: IDLE,
  says: "a purge begins",
  to: "purge lock",
  guard: (state) => m.life.some((life) => life.get(state) === LAZY),
  reads: m.life,
});

/** The interrupt in which a CPU drops what is being purged. */
export function flushes(m: Pins, cpu: CpuFields): StepAction {
  const bit = 1 << cpu.index;
  return hardwareStep(
    cpu.index,
    {
      says: "flushes what is purged",
      guard: (state) => (m.pending.get(state) & bit) !== 0,
      does: (state) => {
        for (const [page, life] of m.life.entries()) {
          if (life.get(state) === PURGING) cpu.tlb[page]?.set(state, 0);
        }
        m.pending.set(state, m.pending.get(state) & ~bit);
      },
      reads: [m.pending, ...m.life, ...cpu.tlb],
      writes: [...cpu.tlb, m.pending],
    },
    true,
  );
}

/** A CPU may translate what has a PTE at any time. */
export function fills(m: Pins, cpu: CpuFields): StepAction[] {
  return cpu.tlb.map((held, page) => {
    const map = m.maps[page] as Field;
    return hardwareStep(
      cpu.index,
      {
        says: `caches page ${page}`,
        when: [has(m.life[page] as Field, BUSY), has(held, 0)],
        does: (state) => held.set(state, map.get(state)),
        reads: [map],
        writes: [held],
      },
      false,
    );
  });
}

export const mappings = (m: Pins): readonly Field[] => [...m.life, ...m.maps, ...tlbsOf(m)];
