/** What is mapped by small or huge entries, what becomes of a table that a huge one replaces, and what is unmapped. */
import {
  does,
  type Guard,
  type Operation,
  replaces,
  sets,
  someIs,
  test,
} from "../../../engine/operations.ts";
import { has, hasNot } from "../../../engine/reduce/conditions.ts";
import type { Field } from "../../../engine/search/layout.ts";
import { failureLeavesNothing } from "../../../spec/process.ts";
import { seen } from "../../call-assertions.ts";
import { IDLE, type Step } from "../../program.ts";
import {
  type CpuFields,
  FREE,
  HUGE,
  LAZY,
  type Levels,
  LIVE,
  leavesOf,
  type RegionFields,
  SMALL,
  TAKEN_OUT,
  type TableFields,
  toPair,
  toTable,
  UNUSED,
  USED,
} from "./fields.ts";
import { flushes, givesBack, isHeldByNone, losesNothing, phasesOf, type Steps } from "./walks.ts";

/** The leaves become the owner's frames, as mapped page by page. */
function setsLeaves({ pages }: RegionFields, { index, leaves }: TableFields): Operation {
  const owners = pages.map((page) => page.owners);
  return does(`sets the leaves of table ${index}`, { reads: owners, writes: leaves }, (state) => {
    for (const [at, leaf] of leaves.entries()) leaf.set(state, owners[at]?.get(state) ?? 0);
  });
}

/** By small entries, into the table that is there or a new one; or on to a huge entry. */
export const maps: Steps = (m, cpu) =>
  m.regions.flatMap((region): Step[] => {
    const { map, huge, refused } = phasesOf(region);
    const { upper, life } = region;
    const small = [has(cpu.shift, SMALL)];
    const returned = [sets(life, LIVE), sets(cpu.shift, SMALL)];
    const synced = sets(region.isSynced, 1);
    return [
      { at: map, says: "tries a huge entry", to: huge, when: [has(cpu.shift, HUGE)] },
      { at: map, says: "gets no page table", to: refused, when: [...small, has(upper, 0)] },
      ...m.tables.flatMap((table): Step[] => [
        {
          at: map,
          says: `allocates table ${table.index}, sets its leaves; returns`,
          to: IDLE,
          when: [...small, has(upper, 0), isFirstUnused(m, table.index)],
          does: [
            sets(table.life, USED),
            sets(upper, toTable(table.index)),
            setsLeaves(region, table),
            synced,
            ...returned,
          ],
        },
        {
          at: map,
          says: `allocates table ${table.index}, cannot set a leaf: nothing stays mapped`,
          to: refused,
          when: [...small, has(upper, 0), isFirstUnused(m, table.index)],
          does: [
            sets(table.life, USED),
            sets(upper, toTable(table.index)),
            sets(region.isSynced, m.syncs === "always" ? 1 : 0),
          ],
        },
        {
          at: map,
          says: `sets the leaves of table ${table.index}; returns`,
          to: IDLE,
          when: [...small, has(upper, toTable(table.index))],
          does: [setsLeaves(region, table), ...returned],
        },
      ]),
      {
        at: refused,
        says: "frees its pages; returns NULL",
        to: IDLE,
        does: [givesBack(m, region), ...[life, region.isDevice, cpu.shift].map((field) => sets(field, 0))],
        asserts: [
          seen(failureLeavesNothing, [upper, ...leavesOf(m)], (state) => ({
            command: undefined,
            response: { kind: "refused", failing: stillMapped(m, region, state) },
          })),
        ],
      },
    ];
  });

const isFirstUnused = ({ tables }: Levels, index: number): Guard =>
  test(
    `table ${index} is the first that is free`,
    tables.map(({ life }) => life),
    (state) => tables.findIndex(({ life }) => life.get(state) === UNUSED) === index,
  );

function stillMapped(m: Levels, { upper }: RegionFields, state: Int32Array) {
  const entry = upper.get(state);
  const leaves = entry === 0 ? [] : (m.tables[entry - 1]?.leaves ?? []);
  const isMapped = entry > m.scope.tables || leaves.some((leaf) => leaf.get(state) !== 0);
  return isMapped ? ({ allocation: 1, wrong: "leaves", text: "PTEs" } as const) : undefined;
}

/** A huge entry for the pair in which the owner's first frame lies. */
function setsHuge(m: Levels, region: RegionFields, cpu: CpuFields, at: string): Step[] {
  const first = region.pages[0]?.owners as Field;
  return Array.from({ length: m.scope.pairs + 1 }, (_none, pair) => ({
    at,
    says: `sets a huge entry to frames ${2 * pair} and ${2 * pair + 1}; returns`,
    to: IDLE,
    when: [has(first, 2 * pair + 1)],
    does: [
      sets(region.upper, toPair(m, pair)),
      sets(region.isSynced, 1),
      sets(region.life, LIVE),
      sets(cpu.shift, SMALL),
    ],
  }));
}

/** What becomes of a table in the place of a huge entry, once all its leaves are cleared. */
export type Replaces = (m: Levels, cpu: CpuFields, region: RegionFields) => readonly Step[];

/** It is written over. */
export const overwrites: Replaces = (m, cpu, region) =>
  setsHuge(m, region, cpu, phasesOf(region).huge).map((step) => ({
    ...step,
    asserts: [losesNothing(m, region)],
  }));

/** The entry is cleared and the table freed, with a flush between, or without; `when` says whether it may be done now. */
export const freesTable =
  (flushesFirst: boolean, when: (m: Levels) => readonly Guard[] = () => []): Replaces =>
  (m, cpu, region) => {
    const { huge, cleared, map } = phasesOf(region);
    const { upper } = region;
    const cannot = when(m);
    return [
      ...setsHuge(m, region, cpu, huge).map((step) => ({
        ...step,
        when: [...(step.when ?? []), has(upper, 0)],
      })),
      ...m.tables.flatMap((table): Step[] => [
        {
          at: huge,
          says: `clears the entry of table ${table.index}`,
          to: `${cleared} table ${table.index}`,
          when: [has(upper, toTable(table.index)), ...cannot],
          does: [sets(upper, 0), sets(table.life, TAKEN_OUT)],
        },
        ...(flushesFirst
          ? [
              {
                at: `${cleared} table ${table.index}`,
                says: "flushes the region",
                to: `pte_free_kernel ${region.index} table ${table.index}`,
                does: flushes(m, region),
              },
            ]
          : []),
        {
          at: `${flushesFirst ? `pte_free_kernel ${region.index}` : cleared} table ${table.index}`,
          says: "frees the table",
          to: huge,
          does: sets(table.life, UNUSED),
          asserts: [isHeldByNone(m, table.index)],
        },
      ]),
      ...(cannot.length === 0
        ? []
        : [
            {
              at: huge,
              says: "mmap_read_trylock fails: small entries",
              to: map,
              when: [hasNot(m.dumps, 0), hasNot(upper, 0)],
              does: sets(cpu.shift, SMALL),
            },
          ]),
    ];
  };

export const tries =
  (replaces: Replaces): Steps =>
  (m, cpu) =>
    m.regions.flatMap((region) => replaces(m, cpu, region));

/** vfree or iounmap: the entry or the leaves are cleared, the area is lazy; its pages are freed at once. */
export const unmaps: Steps = (m) =>
  m.regions.map((region) => ({
    at: IDLE,
    says: `vfree or iounmap of region ${region.index}: unmapped, lazy; returns`,
    to: IDLE,
    when: [has(region.life, LIVE)],
    does: [clears(m, region), givesBack(m, region), sets(region.life, LAZY), sets(region.isDevice, 0)],
  }));

/** The upper entry if it is huge, else all leaves of its table. */
function clears(m: Levels, { upper }: RegionFields): Operation {
  const fields = [upper, ...leavesOf(m)];
  return does("clears what maps it", { reads: fields, writes: fields }, (state) => {
    const entry = upper.get(state);
    if (entry > m.scope.tables) upper.set(state, 0);
    else for (const leaf of m.tables[entry - 1]?.leaves ?? []) leaf.set(state, 0);
  });
}

/** vunmap_range of the second page alone, as of a sparse area; a huge entry is cleared as one. */
export const unmapsSecond: Steps = (m) =>
  m.regions.map((region) => {
    const second = region.pages[1]?.owners as Field;
    const fields = [region.upper, ...leavesOf(m)];
    return {
      at: IDLE,
      says: `vunmap_range of page ${2 * region.index + 1} alone; returns`,
      to: IDLE,
      when: [has(region.life, LIVE), has(region.isDevice, 1), hasNot(second, 0)],
      does: [
        sets(second, 0),
        does("clears its leaf, or the huge entry", { reads: fields, writes: fields }, (state) => {
          const entry = region.upper.get(state);
          if (entry > m.scope.tables) region.upper.set(state, 0);
          else m.tables[entry - 1]?.leaves[1]?.set(state, 0);
        }),
        flushes(m, region),
      ],
    };
  });

export const purges: Steps = (m) => [
  {
    at: IDLE,
    says: "a purge flushes what is lazy, releases it",
    to: IDLE,
    when: [
      someIs(
        m.regions.map(({ life }) => life),
        LAZY,
      ),
    ],
    does: [
      ...m.regions.map((region) => flushes(m, region)),
      replaces(
        m.regions.map(({ life }) => life),
        LAZY,
        FREE,
      ),
    ],
  },
];
