/** What both side tables share: pages of entries, touches, and the laws, judged where an entry is read or changed. */
import { does, type Operation, replaces, sets, someIs } from "../../../engine/operations.ts";
import { has, hasNot } from "../../../engine/reduce/conditions.ts";
import {
  entryEndsWithArea,
  entryIsItsOwners,
  type TableCommand,
  type TableSeen,
  tableFlushedOnce,
  touchFindsEntry,
} from "../../../spec/vmap/concepts.ts";
import { seen } from "../../call-assertions.ts";
import { type Check, IDLE, type Step } from "../../program.ts";
import {
  type CpuFields,
  type EntryFields,
  FREE,
  LAZY,
  LIVE,
  livesOf,
  type PlaceFields,
  placesOf,
  TAKEN,
  type Tables,
} from "./fields.ts";

export type Steps = (m: Tables, cpu: CpuFields) => readonly Step[];

/** A live page is touched: its entry is there, and says what the owner wrote. */
export const touches: Steps = (m) =>
  m.places.map((place) => ({
    at: IDLE,
    says: `touches place ${place.index}`,
    to: IDLE,
    when: [has(place.life, LIVE)],
    asserts: [findsEntry(place)],
  }));

export function findsEntry({ index, wrote, says, entry }: PlaceFields): Check {
  return seen<TableCommand, TableSeen>(touchFindsEntry, [wrote, says, entry.page], (state) => ({
    command: { op: "touch", page: index },
    response: {
      entry: { isThere: entry.page.get(state) !== 0, isOwners: says.get(state) === wrote.get(state) },
    },
  }));
}

/** Nothing of the last owner is left where a place is handed out. */
export function nothingLeft({ index, says }: PlaceFields): Check {
  return seen<TableCommand, TableSeen>(entryEndsWithArea, [says], (state) => ({
    command: { op: "handOut", page: index },
    response: { leftover: says.get(state) === 1 },
  }));
}

/** What is emptied now is no other live area's. */
export function dropsNothing(m: Tables, entry: EntryFields, places = placesOf(m, entry)): Check {
  const fields = [entry.page, ...places.flatMap(({ life, wrote }) => [life, wrote])];
  return seen<TableCommand, TableSeen>(entryIsItsOwners, fields, (state) => ({
    command: { op: "empty", entry: entry.index },
    response: {
      dropped:
        entry.page.get(state) === 0
          ? []
          : places
              .filter((each) => isHeld(each, state) && each.wrote.get(state) === 1)
              .map(({ index }) => index),
    },
  }));
}

const isHeld = ({ life }: PlaceFields, state: Int32Array) => [TAKEN, LIVE].includes(life.get(state) as 1 | 2);

export function flushedOnce({ flushes }: CpuFields): Check {
  return seen<TableCommand, TableSeen>(tableFlushedOnce, [flushes], (state) => ({
    command: { op: "purge" },
    response: { flushes: flushes.get(state) },
  }));
}

/** The entry becomes this page, or none: then what owners wrote is lost. */
export function becomes(m: Tables, entry: EntryFields, page: number): Operation {
  const says = placesOf(m, entry).map((place) => place.says);
  return does(
    page === 0
      ? `entry ${entry.index} is cleared`
      : `entry ${entry.index} = page ${page - 1}, which says nothing`,
    { reads: [], writes: [entry.page, ...says] },
    (state) => {
      entry.page.set(state, page);
      for (const each of says) each.set(state, 0);
    },
  );
}

/** For each page that is not in use: the first that is free is taken. */
export function takesPage(
  m: Tables,
  then: (page: number) => Omit<Step, "when">,
  when: Step["when"] = [],
): Step[] {
  return Array.from({ length: m.pages }, (_none, page) => {
    const step = then(page + 1);
    return {
      ...step,
      when: [...(when ?? []), isFirstFree(m, page)],
      does: [step.does ?? [], includesPage(m, page)],
    };
  });
}

const isFirstFree = ({ used }: Tables, page: number) => ({
  says: `page ${page} is the first that is free`,
  reads: [used],
  holds: (state: Int32Array) => (used.get(state) & (2 ** (page + 1) - 1)) === 2 ** page - 1,
});

const includesPage = ({ used }: Tables, page: number): Operation =>
  does(`page ${page} is in use`, { reads: [used], writes: [used] }, (state) =>
    used.set(state, used.get(state) | (1 << page)),
  );

/** A page of a field returns to the stock. */
export function freesPage({ used }: Tables, page: CpuFields["page"] | EntryFields["page"]): Operation {
  return does("frees that page", { reads: [used, page], writes: [used] }, (state) => {
    if (page.get(state) !== 0) used.set(state, used.get(state) & ~(1 << (page.get(state) - 1)));
  });
}

export const isThere = ({ page }: EntryFields) => hasNot(page, 0);
export const isNone = ({ page }: EntryFields) => has(page, 0);
export const writes = ({ wrote, says }: PlaceFields) => [sets(wrote, 1), sets(says, 1)];
export const wipes = ({ wrote, says }: PlaceFields) => [sets(wrote, 0), sets(says, 0)];

// Debug objects: an owner registers what lies in his area, and vfree drops what is still registered there.

/** Any owner at any time, outside the allocator. */
const owners: Steps = (m) =>
  m.places.flatMap((place) => {
    const { index, life, wrote, entry } = place;
    return [
      {
        at: IDLE,
        says: `debug_object_init at place ${index}`,
        to: IDLE,
        when: [has(life, LIVE), isNone(entry)],
        does: [becomes(m, entry, index + 1), ...writes(place)],
      },
      {
        at: IDLE,
        says: `debug_object_activate at place ${index}`,
        to: IDLE,
        when: [has(life, LIVE), has(wrote, 1)],
        asserts: [findsEntry(place)],
      },
      {
        at: IDLE,
        says: `debug_object_free at place ${index}`,
        to: IDLE,
        when: [has(life, LIVE), has(wrote, 1)],
        does: [becomes(m, entry, 0), ...wipes(place)],
        asserts: [findsEntry(place)],
      },
    ];
  });

const makes: Steps = (m) =>
  m.places.map((place) => ({
    at: IDLE,
    says: `vmalloc takes place ${place.index}; returns`,
    to: IDLE,
    when: [has(place.life, FREE)],
    does: sets(place.life, LIVE),
    asserts: [nothingLeft(place)],
  }));

/** The owner gives up what he wrote; then the two halves of __vunmap, in either order. */
export const frees =
  (drops: "after the area is released" | "before"): Steps =>
  (m) =>
    m.places.flatMap((place) => {
      const { index } = place;
      const [check, remove] = [`debug_check_no_obj_freed ${index}`, `remove_vm_area ${index}`];
      const first = drops === "before" ? check : remove;
      const last = drops === "before" ? remove : check;
      const to = (at: string) => (at === first ? last : IDLE);
      return [
        {
          at: IDLE,
          says: `vfree of place ${index}`,
          to: first,
          when: [has(place.life, LIVE)],
          does: [sets(place.life, TAKEN), sets(place.wrote, 0)],
        },
        {
          at: check,
          says: "drops what is registered there",
          to: to(check),
          does: [becomes(m, place.entry, 0)],
          asserts: [dropsNothing(m, place.entry)],
        },
        { at: remove, says: "the area is lazy", to: to(remove), does: sets(place.life, LAZY) },
      ] satisfies Step[];
    });

const purges: Steps = (m) => [
  {
    at: IDLE,
    says: "a purge releases what is lazy",
    to: IDLE,
    when: [someIs(livesOf(m), LAZY)],
    does: replaces(livesOf(m), LAZY, FREE),
  },
];

export const others: Steps = (m, cpu) => [...makes(m, cpu), ...owners(m, cpu), ...purges(m, cpu)];
