/** The vmap layer: maps, unmaps, flushes; and its notes of frames, for users that pin them. */
import {
  adds,
  clears,
  excludes,
  inCase,
  isIn,
  type Operations,
  onChosen,
  sets,
  someIs,
} from "../../../engine/operations.ts";
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

/** The vmap layer's note of a frame, and until when a lazy page counts. */
export interface NotingRules {
  /** No note; one bit; or the number of its unmapped and not yet flushed mappings. */
  readonly notes: "nothing" | "a bit" | "a count";
  readonly uncounts: "when gathered" | "when released";
}

/** A frame is mapped by any free page, in one step: no law here depends on its phases. */
export function maps(m: Pins, _cpu: CpuFields): Step[] {
  return m.life.flatMap((life, page) =>
    m.used.map((used, frame) => ({
      at: IDLE,
      says: `maps frame ${frame} at page ${page}`,
      to: IDLE,
      when: [has(life, FREE), has(used, UNUSED)],
      does: [sets(life, BUSY), sets(used, MAPPED), sets(m.maps[page] as Field, frame + 1)],
    })),
  );
}

/** Operations on the note of the frame that a page maps. */
const onFrameOf = (m: Pins, map: Field, does: (noted: Field, used: Field) => Operations, says: string) =>
  onChosen(
    map,
    m.noted.map((noted, frame) => does(noted, m.used[frame] as Field)),
    says,
    1,
  );

export const unmaps =
  ({ notes }: NotingRules) =>
  (m: Pins, cpu: CpuFields): Step[] =>
    m.life.flatMap((life, page) => {
      const map = m.maps[page] as Field;
      const note = (noted: Field) =>
        notes === "nothing" ? [] : notes === "a bit" ? sets(noted, 1) : adds(noted, 1);
      return [
        {
          at: IDLE,
          says: `vunmap of page ${page}: clears its PTE`,
          to: "free_vmap_area_noflush",
          when: [has(life, BUSY)],
          does: [sets(life, UNMAPPING), sets(cpu.page, page + 1)],
        },
        {
          at: "free_vmap_area_noflush",
          says: `page ${page} is lazy; returns`,
          to: IDLE,
          when: [has(cpu.page, page + 1)],
          does: [
            sets(life, LAZY),
            adds(m.lazyNr, 1),
            onFrameOf(
              m,
              map,
              (noted, used) => [note(noted), sets(used, UNUSED)],
              notes === "nothing" ? "its frame is unused" : `its frame is unused and has ${notes} noted`,
            ),
            sets(cpu.page, 0),
          ],
        },
      ];
    });

/** The phases of a purge, from its lock on. A sweep of vm_unmap_aliases is one; it continues where `next` says. */
export const purges =
  ({ notes, uncounts }: NotingRules) =>
  (m: Pins, cpu: CpuFields, next: readonly Pick<Step, "says" | "to" | "when">[]): Step[] => {
    const uncount = (when: NotingRules["uncounts"]) => (uncounts === when ? adds(m.lazyNr, -1) : []);
    const releases = m.life.map((life, page) => {
      const map = m.maps[page] as Field;
      const unnote = onFrameOf(m, map, (noted) => adds(noted, -1), "one less is noted of its frame");
      return inCase(has(life, PURGING), [
        sets(life, FREE),
        notes === "a count" ? unnote : [],
        uncount("when released"),
        sets(map, 0),
      ]);
    });
    return [
      {
        at: "purge lock",
        says: "takes the purge lock, gathers what is lazy",
        to: "flush_tlb_kernel_range",
        when: [has(m.purgeLock, 0)],
        does: [
          sets(m.purgeLock, cpu.index + 1),
          m.life.map((life) => inCase(has(life, LAZY), [sets(life, PURGING), uncount("when gathered")])),
          sets(m.pending, 2 ** m.scope.cpus - 1),
        ],
      },
      ...next.map(({ says, to, when = [] }) => ({
        at: "flush_tlb_kernel_range",
        says: `all have flushed: releases, unlocks; ${says}`,
        to,
        when: [has(m.pending, 0), ...when],
        does: [releases, clears(m.purgeLock)],
      })),
    ];
  };

/** A worker purges at any time. */
export const purgeAlone = (m: Pins): Step => ({
  at: IDLE,
  says: "a purge begins",
  to: "purge lock",
  when: [someIs(m.life, LAZY)],
});

/** The interrupt in which a CPU flushes the pages being purged. */
export function flushes(m: Pins, { index, tlb }: CpuFields): StepAction {
  return hardwareStep(
    index,
    {
      says: "flushes what is purged",
      when: [isIn(m.pending, index)],
      does: [
        m.life.map((life, page) => inCase(has(life, PURGING), sets(tlb[page] as Field, 0))),
        excludes(m.pending, index),
      ],
    },
    true,
  );
}

/** A CPU may cache a page with a PTE at any time. */
export function fills(m: Pins, cpu: CpuFields): StepAction[] {
  return cpu.tlb.map((held, page) =>
    hardwareStep(
      cpu.index,
      {
        says: `caches page ${page}`,
        when: [has(m.life[page] as Field, BUSY), has(held, 0)],
        does: sets(held, m.maps[page] as Field),
      },
      false,
    ),
  );
}

export const mappings = (m: Pins): readonly Field[] => [...m.life, ...m.maps, ...tlbsOf(m)];
