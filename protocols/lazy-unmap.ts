/**
 * The lazy-unmap protocol in its smallest form: that of db64fe02, with areas of one page, its purge and one pinner
 * at the grain of single steps, and TLBs that fill by themselves. Its counts are known (lazy-unmap-protocol.md).
 */
import type { Action, Invariant, PackedMachine } from "../engine/explore.ts";
import { indexOf, Layout, plain, setOf } from "../engine/layout.ts";
import { canonicalForm } from "../engine/symmetry.ts";

export interface LazyUnmapScope {
  /** Pages, frames (numbered from 1) and CPUs. */
  readonly V: number;
  readonly F: number;
  readonly C: number;
}

const FREE = 0;
const [LIVE, LAZY, PURGING] = [1, 2, 3];
const [USED, RESERVED, PINNED] = [1, 2, 3];
const [NOBODY, LAZY_PURGE, PINNER] = [0, 1, 2];

/** The steps that its broken forms replace. */
export interface LazyUnmapRules {
  /** Whether a purge waits until every CPU has flushed. */
  readonly waitsForFlushes: boolean;
  /** Whether unmapping aliases purges at all. */
  readonly purgesAliases: boolean;
}

export const lazyUnmapRules: LazyUnmapRules = { waitsForFlushes: true, purgesAliases: true };

export function lazyUnmap(
  { V, F, C }: LazyUnmapScope,
  rules = lazyUnmapRules,
): PackedMachine & { layout: Layout } {
  const [ofPages, ofFrames, ofCpus] = [
    { name: "pages", size: V },
    { name: "frames", size: F },
    { name: "CPUs", size: C },
  ];
  const layout = new Layout();
  const area = layout.array("area", ofPages, plain(4));
  const pte = layout.array("pte", ofPages, indexOf(ofFrames));
  const tlb = layout.table("tlb", ofCpus, ofPages, indexOf(ofFrames));
  const frame = layout.array("frame", ofFrames, plain(4));
  const pending = layout.field("pending", setOf(ofCpus));
  const purger = layout.field("purger", plain(3));
  const wanted = layout.field("wanted", indexOf(ofFrames));
  const phase = layout.field("phase", plain(4));
  const everyCpu = 2 ** C - 1;
  const pages = area.map((_none, page) => page);
  type State = Int32Array;

  const frameOf = (number: number) => frame[number - 1] as (typeof frame)[number];
  const anyLazy = (state: State) => area.some((each) => each.get(state) === LAZY);
  const beginPurge = (state: State, by: number) => {
    for (const page of pages) {
      if (area[page]?.get(state) !== LAZY) continue;
      pte[page]?.set(state, 0);
      area[page]?.set(state, PURGING);
    }
    pending.set(state, everyCpu);
    purger.set(state, by);
  };
  const release = (state: State) => {
    for (const each of area) if (each.get(state) === PURGING) each.set(state, FREE);
    purger.set(state, NOBODY);
  };
  const flushed = (state: State) => !rules.waitsForFlushes || pending.get(state) === 0;
  const mapsFrame = (state: State, number: number) =>
    pte.some((each) => each.get(state) === number) ||
    tlb.some((ofCpu) => ofCpu.some((each) => each.get(state) === number));

  const actions: Action[] = [];
  for (const page of pages) {
    const [here, entry] = [area[page], pte[page]] as [(typeof area)[number], (typeof pte)[number]];
    for (let number = 1; number <= F; number++) {
      const status = frameOf(number);
      actions.push({
        name: `map ${page}, ${number}`,
        guard: (state) => here.get(state) === FREE && status.get(state) <= USED,
        effect: (state) => {
          here.set(state, LIVE);
          entry.set(state, number);
          status.set(state, USED);
        },
      });
    }
    const others = pages.filter((other) => other !== page);
    actions.push({
      name: `unmap ${page}`,
      guard: (state) => here.get(state) === LIVE,
      effect: (state) => {
        const number = entry.get(state);
        const alsoMapped = others.some(
          (other) => area[other]?.get(state) === LIVE && pte[other]?.get(state) === number,
        );
        here.set(state, LAZY);
        frameOf(number).set(state, alsoMapped ? USED : FREE);
      },
    });
    for (const [cpu, ofCpu] of tlb.entries()) {
      const cached = ofCpu[page] as (typeof ofCpu)[number];
      actions.push({
        name: `fill ${cpu}, ${page}`,
        guard: (state) => entry.get(state) !== 0 && cached.get(state) === 0,
        effect: (state) => cached.set(state, entry.get(state)),
      });
    }
  }
  actions.push(
    {
      name: "begin purge",
      guard: (state) => purger.get(state) === NOBODY && anyLazy(state),
      effect: (state) => beginPurge(state, LAZY_PURGE),
    },
    {
      name: "end purge",
      guard: (state) => purger.get(state) === LAZY_PURGE && flushed(state),
      effect: release,
    },
    {
      name: "unmap aliases",
      guard: (state) => phase.get(state) === 1 && (!rules.purgesAliases || purger.get(state) === NOBODY),
      effect: (state) => {
        phase.set(state, rules.purgesAliases ? 2 : 3);
        if (rules.purgesAliases) beginPurge(state, PINNER);
      },
    },
    {
      name: "aliases gone",
      guard: (state) => purger.get(state) === PINNER && flushed(state),
      effect: (state) => {
        release(state);
        phase.set(state, 3);
      },
    },
    {
      name: "pin",
      guard: (state) => phase.get(state) === 3,
      asserts: (state) => !mapsFrame(state, wanted.get(state)),
      effect: (state) => {
        frameOf(wanted.get(state)).set(state, PINNED);
        wanted.set(state, 0);
        phase.set(state, 0);
      },
    },
  );
  for (let number = 1; number <= F; number++) {
    const status = frameOf(number);
    actions.push(
      {
        name: `want ${number}`,
        guard: (state) => phase.get(state) === 0 && status.get(state) === FREE,
        effect: (state) => {
          status.set(state, RESERVED);
          wanted.set(state, number);
          phase.set(state, 1);
        },
      },
      {
        name: `unpin ${number}`,
        guard: (state) => status.get(state) === PINNED,
        effect: (state) => status.set(state, FREE),
      },
    );
  }
  for (const [cpu, ofCpu] of tlb.entries()) {
    const bit = 1 << cpu;
    actions.push({
      name: `flush ${cpu}`,
      guard: (state) => (pending.get(state) & bit) !== 0,
      effect: (state) => {
        for (const page of pages) if (area[page]?.get(state) === PURGING) ofCpu[page]?.set(state, 0);
        pending.set(state, pending.get(state) & ~bit);
      },
    });
  }

  const everyEntry = (state: State, page: number, holds: (entry: number) => boolean) =>
    tlb.every((ofCpu) => holds(ofCpu[page]?.get(state) as number));
  const invariants: Invariant[] = [
    {
      id: "free-is-unmapped",
      says: "A free page has no PTE, and no CPU translates it.",
      holds: (state) =>
        pages.every(
          (page) =>
            area[page]?.get(state) !== FREE ||
            (pte[page]?.get(state) === 0 && everyEntry(state, page, (entry) => entry === 0)),
        ),
    },
    {
      id: "live-is-translated-right",
      says: "A live page has a PTE, and no CPU translates it to another frame.",
      holds: (state) =>
        pages.every((page) => {
          if (area[page]?.get(state) !== LIVE) return true;
          const mapped = pte[page]?.get(state) as number;
          return mapped !== 0 && everyEntry(state, page, (entry) => entry === 0 || entry === mapped);
        }),
    },
    {
      id: "pinned-is-unaliased",
      says: "No PTE and no CPU's TLB maps a pinned frame.",
      holds: (state) =>
        frame.every((status, index) => status.get(state) !== PINNED || !mapsFrame(state, index + 1)),
    },
  ];
  return {
    name: "lazy-unmap",
    layout,
    words: layout.words,
    initial: (state) => state.fill(0),
    actions,
    invariants,
    symmetry: () => canonicalForm(layout),
  };
}
