/** The vmap layer: its state, maps, unmaps, flushes; and its notes of frames, for users that pin them. */
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
import {
  byIndex,
  type Field,
  indexOf,
  type Layout,
  named,
  plain,
  setOf,
} from "../../../engine/search/layout.ts";
import { hardwareStep, IDLE, MOST_PHASES, type Step, type StepAction } from "../../program.ts";

// The state that the protocols of pinning share: pages that map frames, frames that are free, mapped, in a stock or
// pinned, a TLB for each CPU, and each CPU's phase. PTEs are cleared when an area is unmapped (2.6.37 on).

export interface PinsScope {
  readonly cpus: number;
  readonly pages: number;
  readonly frames: number;
}

/**
 * The life of a page, which is an area of its own. While it is UNMAPPING its PTE is cleared, and its unmap has not
 * returned.
 */
export const [FREE, BUSY, UNMAPPING, LAZY, PURGING] = [0, 1, 2, 3, 4] as const;

/** The use of a frame: none, a mapping, a future page table, the stock, or a page table. */
export const [UNUSED, MAPPED, TAKEN, STOCKED, PINNED] = [0, 1, 2, 3, 4] as const;

export type Pins = ReturnType<typeof fieldsOf>;
export type CpuFields = Pins["cpus"][number];

export function fieldsOf(layout: Layout, scope: PinsScope) {
  const [ofCpus, ofPages, ofFrames] = [
    { name: "CPUs", size: scope.cpus },
    { name: "pages", size: scope.pages },
    { name: "frames", size: scope.frames },
  ];
  const own = byIndex(scope.cpus, {
    phase: layout.array("phase", ofCpus, plain(MOST_PHASES)),
    /** The page that it unmaps, and the frame that it pins. */
    page: layout.array("page", ofCpus, indexOf(ofPages)),
    frame: layout.array("frame", ofCpus, indexOf(ofFrames)),
  });
  const tlb = layout.table("tlb", ofCpus, ofPages, indexOf(ofFrames));
  return {
    scope,
    life: layout.array("life", ofPages, named("free", "busy", "unmapping", "lazy", "purging")),
    /** By page: the frame that it maps, or that it mapped before and that was not flushed since. */
    maps: layout.array("maps", ofPages, indexOf(ofFrames)),
    used: layout.array("used", ofFrames, named("unused", "mapped", "taken", "in stock", "pinned")),
    /** By frame: the note of the vmap layer. */
    noted: layout.array("noted", ofFrames, plain(scope.pages + 1)),
    /** Pages counted as lazy (vmap_lazy_nr). */
    lazyNr: layout.field("lazy nr", plain(scope.pages + 1)),
    purgeLock: layout.field("purge lock", indexOf(ofCpus)),
    pending: layout.field("pending", setOf(ofCpus)),
    /** The frame to which each CPU translates a page. */
    cpus: own.map((fields) => ({ ...fields, tlb: tlb[fields.index] as readonly Field[] })),
  };
}

export const tlbsOf = ({ cpus }: Pins): readonly Field[] => cpus.flatMap(({ tlb }) => tlb);

/** Whether some CPU translates some page to this frame (from 0). */
export const isTranslated = (m: Pins, state: Int32Array, frame: number): boolean =>
  tlbsOf(m).some((held) => held.get(state) === frame + 1);

/** Whether a PTE maps the frame. */
export const hasPte = ({ life, maps }: Pins, state: Int32Array, frame: number): boolean =>
  life.some((each, page) => each.get(state) === BUSY && maps[page]?.get(state) === frame + 1);

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
