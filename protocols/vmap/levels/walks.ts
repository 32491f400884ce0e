/** Who walks page tables: CPUs that touch pages or fill their caches, vmalloc_to_page, and ptdump. And the laws of that. */
import { all, does, type Guard, isIn, not, type Operation, sets } from "../../../engine/operations.ts";
import { has, hasNot } from "../../../engine/reduce/conditions.ts";
import type { Field } from "../../../engine/search/layout.ts";
import {
  type LevelCommand,
  type LevelSeen,
  noWalkerHoldsFreedTable,
  pagesReachTheirFrames,
  tablesAreReached,
} from "../../../spec/vmap/concepts.ts";
import { seen } from "../../call-assertions.ts";
import { type Check, hardwareStep, IDLE, type Step, type StepAction } from "../../program.ts";
import {
  type CpuFields,
  FREE,
  frameThrough,
  HUGE,
  type Levels,
  LIVE,
  leavesOf,
  livesOf,
  MAKING,
  type PageFields,
  type RegionFields,
  SMALL,
  toTable,
  UNUSED,
  USED,
} from "./fields.ts";

export type Steps = (m: Levels, cpu: CpuFields) => readonly Step[];

const each = <T>(m: Levels, of: (region: RegionFields, page: PageFields) => T): T[] =>
  m.regions.flatMap((region) => region.pages.map((page) => of(region, page)));

/** A touch: by the TLB, else by the table that the walker holds, else by the upper entry. What it finds is cached. */
export const touches: Steps = (m, cpu) =>
  each(m, (region, page) => {
    const walker = cpu.walker[region.index] as Field;
    const tlb = cpu.tlb[page.index] as Field;
    const entries = [tlb, walker, region.upper, ...leavesOf(m)];
    const reached = (state: Int32Array) =>
      tlb.get(state) || frameThrough(m, walker.get(state) || region.upper.get(state), page.at, state);
    return {
      at: IDLE,
      says: `touches page ${page.index}`,
      to: IDLE,
      when: [has(region.life, LIVE), hasNot(page.owners, 0)],
      does: does("caches what it finds", { reads: entries, writes: [tlb] }, (state) =>
        tlb.set(state, reached(state)),
      ),
      asserts: [reaches("touch", page, entries, reached)],
    };
  });

/** A touch by a CPU that runs on another root: the entry that leads there has to be its root's too. */
export const touchesOnOtherRoot: Steps = (m) =>
  m.syncs === "at faults"
    ? []
    : each(m, (region, page) => {
        const entries = [region.upper, region.isSynced, ...leavesOf(m)];
        return {
          at: IDLE,
          says: `touches page ${page.index} on another root`,
          to: IDLE,
          when: [has(region.life, LIVE), hasNot(page.owners, 0)],
          asserts: [
            reaches("touch", page, entries, (state) =>
              region.isSynced.get(state) === 0 ? 0 : frameThrough(m, region.upper.get(state), page.at, state),
            ),
          ],
        };
      });

/** vmalloc_to_page of a page of vmalloc, by the entries alone; huge entries are followed, or taken for bad ones. */
export const toPage =
  (huge: "followed" | "taken for bad"): Steps =>
  (m) =>
    each(m, (region, page) => {
      const entries = [region.upper, ...leavesOf(m)];
      const isHuge = (state: Int32Array) => region.upper.get(state) > m.scope.tables;
      return {
        at: IDLE,
        says: `vmalloc_to_page of page ${page.index}`,
        to: IDLE,
        when: [has(region.life, LIVE), has(region.isDevice, 0), hasNot(page.owners, 0)],
        asserts: [
          reaches("vmallocToPage", page, entries, (state) =>
            isHuge(state) && huge === "taken for bad"
              ? 0
              : frameThrough(m, region.upper.get(state), page.at, state),
          ),
        ],
      };
    });

function reaches(
  op: "touch" | "vmallocToPage",
  { index, owners }: PageFields,
  reads: readonly Field[],
  reached: (state: Int32Array) => number,
): Check {
  return seen<LevelCommand, LevelSeen>(pagesReachTheirFrames, [owners, ...reads], (state) => ({
    command: { op, page: index },
    response: { reached: { owners: owners.get(state) - 1, frame: frameOrNull(reached(state)) } },
  }));
}

const frameOrNull = (frame: number) => (frame === 0 ? null : frame - 1);

/** A walker may hold any table to which an entry leads, whether or not a page behind it is mapped. */
export const caches = (m: Levels, cpu: CpuFields): StepAction[] =>
  m.regions.flatMap(({ index, upper }) =>
    m.tables.map((table) =>
      hardwareStep(
        cpu.index,
        {
          says: `its walker holds table ${table.index}, of region ${index}`,
          when: [has(cpu.walker[index] as Field, 0), has(upper, toTable(table.index))],
          does: sets(cpu.walker[index] as Field, table.index + 1),
        },
        false,
      ),
    ),
  );

/** The same of a device. */
export const deviceCaches = (m: Levels): StepAction[] =>
  m.regions.flatMap(({ index, upper, device }) =>
    m.tables.flatMap((table) =>
      device === undefined
        ? []
        : hardwareStep(
            0,
            {
              says: `a device's walker holds table ${table.index}, of region ${index}`,
              when: [has(device, 0), has(upper, toTable(table.index))],
              does: sets(device, table.index + 1),
            },
            false,
          ),
    ),
  );

/** flush_tlb_kernel_range of a region: every CPU forgets its translations and its tables, and a device where a flush reaches it. */
export function flushes(m: Levels, { index, pages, device }: RegionFields): Operation {
  const held = [
    ...m.cpus.flatMap(({ walker, tlb }) => [
      walker[index] as Field,
      ...pages.map((page) => tlb[page.index] as Field),
    ]),
    ...(m.flushesDevices && device !== undefined ? [device] : []),
  ];
  return does(`every CPU flushes region ${index}`, { reads: [], writes: held }, (state) => {
    for (const field of held) field.set(state, 0);
  });
}

/** ptdump: takes init_mm's lock for writing, reads an upper entry, and then the table there. */
export const dumps: Steps = (m) => [
  ...m.regions.flatMap(({ index, upper }) =>
    m.tables.map((table) => ({
      at: IDLE,
      says: `ptdump: mmap_write_lock; reads the entry of region ${index}`,
      to: `ptdump at ${table.index}`,
      when: [has(m.dumps, 0), has(upper, toTable(table.index))],
      does: sets(m.dumps, table.index + 1),
    })),
  ),
  ...m.tables.map(({ index, life }) => ({
    at: `ptdump at ${index}`,
    says: `reads table ${index}; mmap_write_unlock`,
    to: IDLE,
    does: sets(m.dumps, 0),
    asserts: [
      seen<LevelCommand, LevelSeen>(noWalkerHoldsFreedTable, [life], (state) => ({
        command: { op: "map" },
        response: { heldAndFreed: life.get(state) === UNUSED ? [index] : [] },
      })),
    ],
  })),
];

/** As a table is freed: no walker holds it. */
export function isHeldByNone(m: Levels, table: number): Check {
  const walkers = [
    ...m.cpus.flatMap(({ walker }) => walker),
    ...m.regions.flatMap(({ device }) => device ?? []),
  ];
  return seen<LevelCommand, LevelSeen>(noWalkerHoldsFreedTable, walkers, (state) => ({
    command: { op: "map" },
    response: { heldAndFreed: walkers.some((walker) => walker.get(state) === table + 1) ? [table] : [] },
  }));
}

/** As a huge entry is set in place of what was there: a table in use that no other entry leads to is lost. */
export function losesNothing(m: Levels, region: RegionFields): Check {
  return seen<LevelCommand, LevelSeen>(tablesAreReached, [region.upper, ...livesOf(m)], (state) => {
    const table = region.upper.get(state) - 1;
    const lost = m.tables[table]?.life.get(state) === USED ? [table] : [];
    return { command: { op: "map" }, response: { lost } };
  });
}

// vmalloc and ioremap of a region as they begin: whose frames its owner gets, and for which size of entry.

/** The phases of a call of a region. */
export const phasesOf = ({ index }: RegionFields) =>
  ({
    pages: `vm_area_alloc_pages ${index}`,
    map: `vmap_pages_range ${index}`,
    huge: `vmap_try_huge_pmd ${index}`,
    cleared: `pmd_free_pte_page ${index}`,
    refused: `fail ${index}`,
  }) as const;

/** The frames of a page array: taken, and noted as the owner's. */
function takes(m: Levels, { pages }: RegionFields, frames: readonly number[]): Operation {
  const owners = pages.map((page) => page.owners);
  return does(
    `takes frames ${frames.join(" and ")}`,
    { reads: [m.used], writes: [m.used, ...owners] },
    (state) => {
      for (const [at, frame] of frames.entries()) {
        owners[at]?.set(state, frame + 1);
        if (frame < 2 * m.scope.pairs) m.used.set(state, m.used.get(state) | (1 << frame));
      }
    },
  );
}

/** They are free again; the owner has none. */
export function givesBack(m: Levels, { pages }: RegionFields): Operation {
  const owners = pages.map((page) => page.owners);
  return does("frees its frames", { reads: [m.used, ...owners], writes: [m.used, ...owners] }, (state) => {
    for (const field of owners) {
      const frame = field.get(state) - 1;
      if (frame >= 0 && frame < 2 * m.scope.pairs) m.used.set(state, m.used.get(state) & ~(1 << frame));
      field.set(state, 0);
    }
  });
}

const areFree = (m: Levels, frames: readonly number[]): Guard =>
  all(...frames.map((frame) => not(isIn(m.used, frame))));

/** Frames that are not contiguous: the first of each of two pairs. */
const single = (m: Levels): readonly (readonly number[])[] =>
  Array.from({ length: m.scope.pairs }, (_none, pair) => [2 * pair, 2 * ((pair + 1) % m.scope.pairs)]);
const contiguous = (m: Levels): readonly (readonly number[])[] =>
  Array.from({ length: m.scope.pairs }, (_none, pair) => [2 * pair, 2 * pair + 1]);

const from = (frames: readonly number[]) => frames.join(" and ");

/** vmalloc with small pages, and, if it may, with huge ones first. */
export const vmallocs =
  (huge: boolean, fallsBack: "by a new area" | "to small pages in the area"): Steps =>
  (m, cpu) =>
    m.regions.flatMap((region): Step[] => {
      const { pages, map } = phasesOf(region);
      const begins = { at: IDLE, to: pages, when: [has(region.life, FREE)] };
      const isHuge = has(cpu.shift, HUGE);
      const gets = (
        frames: readonly number[],
        says: string,
        when: readonly Guard[],
        does: readonly Operation[] = [],
      ) => ({
        at: pages,
        says,
        to: map,
        when: [...when, areFree(m, frames)],
        does: [takes(m, region, frames), ...does],
      });
      return [
        {
          ...begins,
          says: `vmalloc of region ${region.index}, small pages`,
          does: [sets(region.life, MAKING), sets(cpu.shift, SMALL)],
        },
        ...(huge
          ? [
              {
                ...begins,
                says: `vmalloc of region ${region.index}, VM_ALLOW_HUGE_VMAP`,
                does: [sets(region.life, MAKING), sets(cpu.shift, HUGE)],
              },
            ]
          : []),
        ...contiguous(m).map((frames) =>
          gets(frames, `gets the huge page of frames ${from(frames)}`, [isHuge]),
        ),
        ...single(m).map((frames) => gets(frames, `gets frames ${from(frames)}`, [has(cpu.shift, SMALL)])),
        ...(huge && fallsBack === "by a new area"
          ? [
              {
                at: pages,
                says: "gets no huge page: begins again with small ones",
                to: pages,
                when: [isHuge],
                does: sets(cpu.shift, SMALL),
              },
            ]
          : []),
        ...(huge && fallsBack === "to small pages in the area"
          ? single(m).map((frames) => gets(frames, `gets no huge page, but frames ${from(frames)}`, [isHuge]))
          : []),
        { at: pages, says: "gets no pages", to: phasesOf(region).refused, when: [has(cpu.shift, SMALL)] },
      ];
    });

/** ioremap of a device's two pages, which are contiguous. */
export const ioremaps: Steps = (m, cpu) =>
  m.regions.map((region) => ({
    at: IDLE,
    says: `ioremap of region ${region.index}`,
    to: phasesOf(region).map,
    when: [has(region.life, FREE)],
    does: [
      sets(region.life, MAKING),
      sets(region.isDevice, 1),
      sets(cpu.shift, HUGE),
      takes(m, region, [2 * m.scope.pairs, 2 * m.scope.pairs + 1]),
    ],
  }));
