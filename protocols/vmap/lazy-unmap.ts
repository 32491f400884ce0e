/**
 * The lazy-unmap protocol in its smallest form: that of db64fe02, with areas of one page, its purge and one pinner at
 * the grain of single steps, and TLBs that fill by themselves. Its counts are known from Spin (bench/spin.ts).
 */
import type { Action, Invariant, PackedMachine } from "../../engine/machine.ts";
import {
  actionOf,
  all,
  any,
  excludes,
  inCase,
  type Operations,
  onChosen,
  sets,
} from "../../engine/operations.ts";
import { has, hasNot } from "../../engine/reduce/conditions.ts";
import { canonicalForm } from "../../engine/reduce/symmetry.ts";
import { type Field, indexOf, Layout, named, setOf, upTo } from "../../engine/search/layout.ts";

export interface LazyUnmapScope {
  /** Pages, frames (numbered from 1) and CPUs. */
  readonly V: number;
  readonly F: number;
  readonly C: number;
}

const FREE = 0;
const [LIVE, LAZY, PURGING] = [1, 2, 3];
const [USED, RESERVED, PINNED] = [1, 2, 3];
const [NONE, LAZY_PURGE, PINNER] = [0, 1, 2];

/** The steps that its faulty forms replace. */
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
    { name: "frames", size: F, first: 1 },
    { name: "CPUs", size: C },
  ];
  const layout = new Layout();
  const area = layout.array("area", ofPages, named("free", "live", "lazy", "purging"));
  const pte = layout.array("pte", ofPages, indexOf(ofFrames));
  const tlb = layout.table("tlb", ofCpus, ofPages, indexOf(ofFrames));
  const frame = layout.array("frame", ofFrames, named("free", "used", "reserved", "pinned"));
  const pending = layout.field("pending", setOf(ofCpus));
  const purger = layout.field("purger", named("none", "lazy purge", "pinner"));
  const wanted = layout.field("wanted", indexOf(ofFrames));
  const phase = layout.field("phase", named("idle", "wants a frame", "unmaps aliases", "pins"));
  const everyCpu = 2 ** C - 1;
  const frameOf = (number: number) => frame[number - 1] as Field;
  const frameIn = (entry: Field, does: (status: Field, number: number) => Operations) =>
    onChosen(
      entry,
      frame.map((status, at) => does(status, at + 1)),
      "",
      1,
    );
  /** A page's fields together. */
  const pages = area.map((life, page) => ({
    page,
    life,
    entry: pte[page] as Field,
    cached: tlb.map((ofCpu) => ofCpu[page] as Field),
  }));
  const beginPurge = (by: number) => [
    pages.map(({ life, entry }) => inCase(has(life, LAZY), [sets(entry, 0), sets(life, PURGING)])),
    sets(pending, everyCpu),
    sets(purger, by),
  ];
  const release = [area.map((life) => inCase(has(life, PURGING), sets(life, FREE))), sets(purger, NONE)];
  const flushed = rules.waitsForFlushes ? [has(pending, 0)] : [];
  const mappings = [...pte, ...tlb.flat()];

  const actions: Action[] = [];
  for (const { page, life, entry, cached } of pages) {
    for (let number = 1; number <= F; number++) {
      const status = frameOf(number);
      actions.push(
        actionOf({
          name: `map ${page}, ${number}`,
          when: [has(life, FREE), has(status, FREE, USED)],
          does: [sets(life, LIVE), sets(entry, number), sets(status, USED)],
        }),
      );
    }
    const others = pages.filter((other) => other.page !== page);
    const mapsToo = (number: number) =>
      any(...others.map((other) => all(has(other.life, LIVE), has(other.entry, number))));
    actions.push(
      actionOf({
        name: `unmap ${page}`,
        when: [has(life, LIVE)],
        does: [
          sets(life, LAZY),
          frameIn(entry, (status, number) => inCase(mapsToo(number), sets(status, USED), sets(status, FREE))),
        ],
      }),
      ...cached.map((own, cpu) =>
        actionOf({
          name: `fill ${cpu}, ${page}`,
          when: [hasNot(entry, 0), has(own, 0)],
          does: sets(own, entry),
        }),
      ),
    );
  }
  const [purges, waits] = rules.purgesAliases ? [beginPurge(PINNER), [has(purger, NONE)]] : [[], []];
  actions.push(
    ...[
      {
        name: "begin purge",
        when: [has(purger, NONE), any(...area.map((life) => has(life, LAZY)))],
        does: beginPurge(LAZY_PURGE),
      },
      { name: "end purge", when: [has(purger, LAZY_PURGE), ...flushed], does: release },
      {
        name: "unmap aliases",
        when: [has(phase, 1), ...waits],
        does: [sets(phase, rules.purgesAliases ? 2 : 3), purges],
      },
      {
        name: "aliases gone",
        when: [has(purger, PINNER), ...flushed],
        does: [release, sets(phase, 3)],
      },
      {
        name: "pin",
        when: [has(phase, 3)],
        asserts: [
          {
            law: { id: "pin", says: "No PTE and no CPU's TLB maps the frame that is pinned." },
            reads: [wanted, ...mappings],
            holds: (state: Int32Array) => {
              const number = wanted.get(state);
              return !mappings.some((entry) => entry.get(state) === number);
            },
          },
        ],
        does: [frameIn(wanted, (status) => sets(status, PINNED)), sets(wanted, 0), sets(phase, 0)],
      },
    ].map(actionOf),
  );
  for (let number = 1; number <= F; number++) {
    const status = frameOf(number);
    actions.push(
      actionOf({
        name: `want ${number}`,
        when: [has(phase, 0), has(status, FREE)],
        does: [sets(status, RESERVED), sets(wanted, number), sets(phase, 1)],
      }),
      actionOf({ name: `unpin ${number}`, when: [has(status, PINNED)], does: sets(status, FREE) }),
    );
  }
  for (const [cpu, ofCpu] of tlb.entries()) {
    actions.push(
      actionOf({
        name: `flush ${cpu}`,
        when: [has(pending, ...upTo(2 ** C).filter((set) => ((set >>> cpu) & 1) === 1))],
        does: [
          pages.map(({ page, life }) => inCase(has(life, PURGING), sets(ofCpu[page] as Field, 0))),
          excludes(pending, cpu),
        ],
      }),
    );
  }

  const numbers = upTo(F).map((at) => at + 1);
  const invariants: Invariant[] = [
    {
      id: "free-is-unmapped",
      says: "A free page has no PTE, and no CPU translates it.",
      never: pages.flatMap(({ life, entry, cached }) =>
        [entry, ...cached].map((each) => [has(life, FREE), hasNot(each, 0)]),
      ),
    },
    {
      id: "live-is-translated-right",
      says: "A live page has a PTE, and no CPU translates it to another frame.",
      never: pages.flatMap(({ life, entry, cached }) => [
        [has(life, LIVE), has(entry, 0)],
        ...cached.flatMap((each) =>
          numbers.map((number) => [has(life, LIVE), has(entry, number), hasNot(each, 0, number)]),
        ),
      ]),
    },
    {
      id: "pinned-is-unaliased",
      says: "No PTE and no CPU's TLB maps a pinned frame.",
      never: numbers.flatMap((number) =>
        mappings.map((each) => [has(frameOf(number), PINNED), has(each, number)]),
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
