/**
 * free_vmap_area: the PTE is cleared, the area becomes lazy, and the counter grows, in an order that differs between
 * releases.
 */
import { adds, excludes, sets } from "../../../engine/operations.ts";
import { has } from "../../../engine/reduce/conditions.ts";
import { IDLE, type Step } from "../../program.ts";
import { type Areas, BUSY, type CpuFields, countedAbove, countedAtMost, LAZY } from "./fields.ts";

/** How a free continues that finds too many lazy pages. */
export interface FreeRules {
  readonly publishes: "before it counts" | "after it counted";
  /** The next phase, or a request to the worker. */
  readonly purges: "try purge" | "worker";
}

export const frees =
  ({ publishes, purges }: FreeRules) =>
  (m: Areas, cpu: CpuFields): Step[] => [
    ...m.life.flatMap((_life, place) => freesPlace(m, cpu, place, publishes === "before it counts")),
    {
      at: "lazy limit",
      says: "too little is lazy for a purge; returns",
      to: IDLE,
      when: [countedAtMost(m, m.scope.lazyMax)],
    },
    {
      at: "lazy limit",
      says: purges === "worker" ? "asks the worker to purge; returns" : "too much is lazy",
      to: purges === "worker" ? IDLE : purges,
      when: [countedAbove(m, m.scope.lazyMax)],
      does: purges === "worker" ? sets(m.drainAsked, 1) : [],
    },
  ];

function freesPlace(m: Areas, cpu: CpuFields, place: number, publishesFirst: boolean): Step[] {
  const life = m.life[place] as (typeof m.life)[number];
  const when = [has(cpu.place, place + 1)];
  const publish = { says: `area ${place} is lazy`, does: sets(life, LAZY) };
  const add = { says: `counts area ${place}`, does: adds(m.lazyNr, 1) };
  const [first, second] = publishesFirst ? [publish, add] : [add, publish];
  return [
    {
      at: IDLE,
      says: `vunmap of area ${place}: clears its PTE`,
      to: "free_vmap_area_noflush",
      // An area that another CPU is freeing no longer has an owner.
      when: [has(life, BUSY), ...m.cpus.map((other) => notFreeing(other, place, m))],
      does: [excludes(m.ptes, place), sets(cpu.place, place + 1)],
    },
    { at: "free_vmap_area_noflush", to: "vmap_lazy_nr", when, ...first },
    {
      at: "vmap_lazy_nr",
      to: "lazy limit",
      when,
      says: second.says,
      does: [second.does, sets(cpu.place, 0)],
    },
  ];
}

function notFreeing({ place }: CpuFields, freed: number, { life }: Areas) {
  const others = [...life.keys()].map((each) => each + 1).filter((each) => each !== freed + 1);
  return has(place, 0, ...others);
}
