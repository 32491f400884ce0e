/** KASAN's shadow: populated when an area is made, poisoned when it is freed, emptied by the purge that releases it. */
import {
  all,
  type Guard,
  noneIs,
  not,
  plus,
  replaces,
  sets,
  someIs,
  test,
} from "../../../engine/operations.ts";
import { has } from "../../../engine/reduce/conditions.ts";
import { IDLE, type Step } from "../../program.ts";
import {
  type CpuFields,
  type EntryFields,
  FREE,
  LAZY,
  LIVE,
  livesOf,
  PURGING,
  placesOf,
  TAKEN,
  type Tables,
} from "./fields.ts";
import {
  becomes,
  dropsNothing,
  findsEntry,
  flushedOnce,
  freesPage,
  isNone,
  isThere,
  nothingLeft,
  type Steps,
  takesPage,
  touches,
  wipes,
  writes,
} from "./steps.ts";

/** Calls that make an area: which of them populate its shadow. */
export const makes =
  (populates: "vmalloc alone" | "all areas"): Steps =>
  (m) =>
    m.places.flatMap(({ index, life, wrote }) => {
      const takes = { at: IDLE, when: [has(life, FREE)] };
      return [
        { ...takes, says: `vmalloc takes place ${index}`, to: `populate ${index}`, does: sets(life, TAKEN) },
        populates === "vmalloc alone"
          ? {
              ...takes,
              says: `vm_map_ram takes place ${index}; returns`,
              to: IDLE,
              does: [sets(life, LIVE), sets(wrote, 1)],
            }
          : {
              ...takes,
              says: `vm_map_ram takes place ${index}`,
              to: `populate ${index}`,
              does: sets(life, TAKEN),
            },
      ];
    });

/** The memory becomes accessible: that is written into the entry. */
const unpoisons: Steps = (m) =>
  m.places.map((place) => ({
    at: `unpoison ${place.index}`,
    says: `place ${place.index} may be accessed; returns`,
    to: IDLE,
    does: [...writes(place), sets(place.life, LIVE)],
    asserts: [nothingLeft(place), findsEntry(place)],
  }));

/** The entry is looked at first; one that is not there is set under the lock, unless another set it meanwhile. */
const populatesAfterLook: Steps = (m, cpu) =>
  m.places.flatMap(({ index, entry }) => [
    { at: `populate ${index}`, says: "finds an entry", to: `unpoison ${index}`, when: [isThere(entry)] },
    ...takesPage(
      m,
      (page) => ({
        at: `populate ${index}`,
        says: "finds no entry, allocates a page",
        to: `set ${index}`,
        does: sets(cpu.page, page),
      }),
      [isNone(entry)],
    ),
    ...setsUnlessThere(m, cpu, entry, `set ${index}`, `unpoison ${index}`),
  ]);

function setsUnlessThere(m: Tables, cpu: CpuFields, entry: EntryFields, at: string, to: string): Step[] {
  return [
    ...Array.from({ length: m.pages }, (_none, page) => ({
      at,
      says: "init_mm.page_table_lock: sets the entry, unlocks",
      to,
      when: [isNone(entry), has(cpu.page, page + 1)],
      does: [becomes(m, entry, page + 1), sets(cpu.page, 0)],
    })),
    {
      at,
      says: "init_mm.page_table_lock: finds an entry, unlocks; frees its page",
      to,
      when: [isThere(entry)],
      does: [freesPage(m, cpu.page), sets(cpu.page, 0)],
    },
  ];
}

/** The page is allocated first, and the entry looked at and set under the lock. */
const populatesUnderLock: Steps = (m, cpu) =>
  m.places.flatMap(({ index, entry }) => [
    ...takesPage(m, (page) => ({
      at: `populate ${index}`,
      says: "allocates a page",
      to: `set ${index}`,
      does: sets(cpu.page, page),
    })),
    ...setsUnlessThere(m, cpu, entry, `set ${index}`, `unpoison ${index}`),
  ]);

export const populates = (reads: "outside the lock" | "under the lock"): Steps =>
  reads === "outside the lock" ? populatesAfterLook : populatesUnderLock;

/** vfree: the memory may not be accessed any more, and the area is lazy. */
export const frees: Steps = (m) =>
  m.places.map((place) => ({
    at: IDLE,
    says: `vfree poisons place ${place.index}: it is lazy; returns`,
    to: IDLE,
    when: [has(place.life, LIVE)],
    does: [...wipes(place), sets(place.life, LAZY)],
    asserts: [findsEntry(place)],
  }));

const gathers = (m: Tables, cpu: CpuFields, to: string): Step => ({
  at: IDLE,
  says: "a purge takes the lock, gathers what is lazy, flushes it",
  to,
  when: [has(m.purgeLock, 0), someIs(livesOf(m), LAZY)],
  does: [sets(m.purgeLock, cpu.index + 1), replaces(livesOf(m), LAZY, PURGING), sets(cpu.at, 0)],
});

const ends = (m: Tables, cpu: CpuFields, at: string): Step => ({
  at,
  says: "unlocks; returns",
  to: IDLE,
  when: [has(cpu.at, m.entries.length)],
  does: [
    replaces(livesOf(m), PURGING, FREE),
    ...[m.purgeLock, cpu.at, cpu.flushes].map((field) => sets(field, 0)),
  ],
  asserts: [flushedOnce(cpu)],
});

/** Whether a purge may empty an entry: no place of it is another's; or all of it is one gathered area. */
type May = (m: Tables, entry: EntryFields) => Guard;

/** What free neighbours share with the gathered areas belongs to them as well. */
export const ofFreeNeighbours: May = (m, entry) => {
  const lives = placesOf(m, entry).map(({ life }) => life);
  return all(
    isThere(entry),
    someIs(lives, PURGING),
    noneIs(lives, TAKEN),
    noneIs(lives, LIVE),
    noneIs(lives, LAZY),
  );
};

/** An entry that several places share is never one area's alone. */
export const ofAreaAlone: May = (m, entry) => {
  const [only, ...others] = placesOf(m, entry);
  if (only === undefined || others.length > 0) return test("an area has all of the entry", [], () => false);
  return all(isThere(entry), has(only.life, PURGING));
};

type Flushes = "for each area" | "once";

/** The lock under which areas become free is held over it: an entry is looked at and emptied in one step. */
export const purgesUnderLock =
  (may: May, flushes: Flushes): Steps =>
  (m, cpu) => [
    gathers(m, cpu, "release"),
    ...m.entries.flatMap((entry) => {
      const here = [has(cpu.at, entry.index)];
      const next = sets(cpu.at, entry.index + 1);
      return [
        {
          at: "release",
          says: `empties entry ${entry.index}`,
          to: "release",
          when: [...here, may(m, entry)],
          does: [freesPage(m, entry.page), becomes(m, entry, 0), counts(cpu, flushes), next],
          asserts: [dropsNothing(m, entry)],
        },
        {
          at: "release",
          says: `leaves entry ${entry.index}`,
          to: "release",
          when: [...here, not(may(m, entry))],
          does: next,
        },
      ];
    }),
    ends(m, cpu, "release"),
  ];

const counts = ({ flushes }: CpuFields, how: Flushes) =>
  how === "once" ? sets(flushes, 1) : sets(flushes, plus(flushes, 1));

/** No lock is held: whether it may be emptied, and which page that is, is read before; then it is cleared under the lock. */
export const purgesAfterLook =
  (may: May, flushes: Flushes): Steps =>
  (m, cpu) => [
    gathers(m, cpu, "kasan_release_vmalloc"),
    ...m.entries.flatMap((entry) => {
      const at = "kasan_release_vmalloc";
      const here = [has(cpu.at, entry.index)];
      const next = sets(cpu.at, entry.index + 1);
      const clears = `clear ${entry.index}`;
      return [
        {
          at,
          says: `reads entry ${entry.index}`,
          to: clears,
          when: [...here, may(m, entry)],
          does: sets(cpu.page, entry.page),
        },
        { at, says: `leaves entry ${entry.index}`, to: at, when: [...here, not(may(m, entry))], does: next },
        {
          at: clears,
          says: "init_mm.page_table_lock: clears the entry, frees the page that it read",
          to: at,
          when: [isThere(entry)],
          does: [freesPage(m, cpu.page), sets(cpu.page, 0), becomes(m, entry, 0), counts(cpu, flushes), next],
          asserts: [dropsNothing(m, entry)],
        },
        {
          at: clears,
          says: "init_mm.page_table_lock: finds no entry",
          to: at,
          when: [isNone(entry)],
          does: [sets(cpu.page, 0), next],
        },
      ];
    }),
    ends(m, cpu, "kasan_release_vmalloc"),
  ];

export const others: Steps = (m, cpu) => [...unpoisons(m, cpu), ...touches(m, cpu), ...frees(m, cpu)];

/** vrealloc in place: a shrink poisons the end of the area; growing again makes it accessible, or only says so to the owner. */
export const resizes =
  (grown: "unpoisoned" | "left poisoned"): Steps =>
  (m) =>
    m.places.flatMap((place) => [
      {
        at: IDLE,
        says: `vrealloc shrinks the area at place ${place.index}, poisons its end; returns`,
        to: IDLE,
        when: [has(place.life, LIVE), has(place.wrote, 1)],
        does: wipes(place),
      },
      {
        at: IDLE,
        says: `vrealloc grows the area at place ${place.index} again; returns`,
        to: IDLE,
        when: [has(place.life, LIVE), has(place.wrote, 0)],
        does: grown === "unpoisoned" ? writes(place) : sets(place.wrote, 1),
      },
    ]);
