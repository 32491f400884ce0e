/**
 * The lazy-unmap protocol in its smallest form: that of db64fe02, with areas of one page, its purge and one pinner
 * at the grain of single steps, and TLBs that fill by themselves. Its counts are known (lazy-unmap-protocol.md).
 */
import type { Action, Invariant, PackedMachine } from "../../engine/actions.ts";
import { has, hasNot } from "../../engine/reduce/conditions.ts";
import { canonicalForm } from "../../engine/reduce/symmetry.ts";
import { indexOf, Layout, named, setOf } from "../../engine/search/layout.ts";

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

const upTo = (count: number) => Array.from({ length: count }, (_none, at) => at);

export const lazyUnmapRules: LazyUnmapRules = { waitsForFlushes: true, purgesAliases: true };

export function lazyUnmap(
  { V, F, C }: LazyUnmapScope,
  rules = lazyUnmapRules,
): PackedMachine & { layout: Layout } {
  const [ofPages, ofFrames, ofCpus] = [
    { name: "pages", size: V },
    { name: "frames", size: F, first: 1 },
    { name: "CPUs", size: C },
  ];
  const layout = new Layout();
  const area = layout.array("area", ofPages, named("free", "live", "lazy", "purging"));
  const pte = layout.array("pte", ofPages, indexOf(ofFrames));
  const tlb = layout.table("tlb", ofCpus, ofPages, indexOf(ofFrames));
  const frame = layout.array("frame", ofFrames, named("free", "used", "reserved", "pinned"));
  const pending = layout.field("pending", setOf(ofCpus));
  const purger = layout.field("purger", named("nobody", "lazy purge", "pinner"));
  const wanted = layout.field("wanted", indexOf(ofFrames));
  const phase = layout.field("phase", named("idle", "wants a frame", "unmaps aliases", "pins"));
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
  const flushed = rules.waitsForFlushes ? [has(pending, 0)] : [];
  const mapsFrame = (state: State, number: number) =>
    pte.some((each) => each.get(state) === number) ||
    tlb.some((ofCpu) => ofCpu.some((each) => each.get(state) === number));

  /** A page's fields together. */
  const ofPage = pages.map((page) => ({
    status: area[page] as (typeof area)[number],
    entry: pte[page] as (typeof pte)[number],
    cached: tlb.map((ofCpu) => ofCpu[page] as (typeof ofCpu)[number]),
  }));

  const actions: Action[] = [];
  for (const page of pages) {
    const [here, entry] = [area[page], pte[page]] as [(typeof area)[number], (typeof pte)[number]];
    for (let number = 1; number <= F; number++) {
      const status = frameOf(number);
      actions.push({
        name: `map ${page}, ${number}`,
        when: [has(here, FREE), has(status, FREE, USED)],
        effect: (state) => {
          here.set(state, LIVE);
          entry.set(state, number);
          status.set(state, USED);
        },
        reads: [],
      });
    }
    const others = pages.filter((other) => other !== page);
    actions.push({
      name: `unmap ${page}`,
      when: [has(here, LIVE)],
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
        when: [hasNot(entry, 0), has(cached, 0)],
        effect: (state) => cached.set(state, entry.get(state)),
        reads: [entry],
      });
    }
  }
  actions.push(
    {
      name: "begin purge",
      when: [has(purger, NOBODY)],
      guard: anyLazy,
      effect: (state) => beginPurge(state, LAZY_PURGE),
      reads: area,
    },
    {
      name: "end purge",
      when: [has(purger, LAZY_PURGE), ...flushed],
      effect: release,
      reads: area,
    },
    {
      name: "unmap aliases",
      when: [has(phase, 1), ...(rules.purgesAliases ? [has(purger, NOBODY)] : [])],
      effect: (state) => {
        phase.set(state, rules.purgesAliases ? 2 : 3);
        if (rules.purgesAliases) beginPurge(state, PINNER);
      },
      reads: area,
    },
    {
      name: "aliases gone",
      when: [has(purger, PINNER), ...flushed],
      effect: (state) => {
        release(state);
        phase.set(state, 3);
      },
      reads: area,
    },
    {
      name: "pin",
      when: [has(phase, 3)],
      asserts: [
        {
          law: { id: "pin", says: "No PTE and no CPU's TLB maps the frame that is pinned." },
          holds: (state) => !mapsFrame(state, wanted.get(state)),
        },
      ],
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
        when: [has(phase, 0), has(status, FREE)],
        effect: (state) => {
          status.set(state, RESERVED);
          wanted.set(state, number);
          phase.set(state, 1);
        },
        reads: [],
      },
      {
        name: `unpin ${number}`,
        when: [has(status, PINNED)],
        effect: (state) => status.set(state, FREE),
        reads: [],
      },
    );
  }
  for (const [cpu, ofCpu] of tlb.entries()) {
    const bit = 1 << cpu;
    actions.push({
      name: `flush ${cpu}`,
      when: [has(pending, ...upTo(2 ** C).filter((set) => (set & bit) !== 0))],
      effect: (state) => {
        for (const page of pages) if (area[page]?.get(state) === PURGING) ofCpu[page]?.set(state, 0);
        pending.set(state, pending.get(state) & ~bit);
      },
      reads: area,
    });
  }

  const numbers = upTo(F).map((at) => at + 1);
  const invariants: Invariant[] = [
    {
      id: "free-is-unmapped",
      says: "A free page has no PTE, and no CPU translates it.",
      never: ofPage.flatMap(({ status, entry, cached }) =>
        [entry, ...cached].map((each) => [has(status, FREE), hasNot(each, 0)]),
      ),
    },
    {
      id: "live-is-translated-right",
      says: "A live page has a PTE, and no CPU translates it to another frame.",
      never: ofPage.flatMap(({ status, entry, cached }) => [
        [has(status, LIVE), has(entry, 0)],
        ...cached.flatMap((each) =>
          numbers.map((number) => [has(status, LIVE), has(entry, number), hasNot(each, 0, number)]),
        ),
      ]),
    },
    {
      id: "pinned-is-unaliased",
      says: "No PTE and no CPU's TLB maps a pinned frame.",
      never: numbers.flatMap((number) =>
        [...pte, ...tlb.flat()].map((each) => [has(frameOf(number), PINNED), has(each, number)]),
      ),
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
    interchangeable: layout.interchangeable,
  };
}
