/** Debug objects: an owner registers what lies in his area, and vfree drops what is still registered there. */
import { replaces, sets, someIs } from "../../../engine/operations.ts";
import { has } from "../../../engine/reduce/conditions.ts";
import { IDLE, type Step } from "../../program.ts";
import { FREE, LAZY, LIVE, livesOf, TAKEN } from "./fields.ts";
import {
  becomes,
  dropsNothing,
  findsEntry,
  isNone,
  nothingLeft,
  type Steps,
  wipes,
  writes,
} from "./steps.ts";

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
