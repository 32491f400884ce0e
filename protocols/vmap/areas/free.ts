/** free_vmap_area: the PTE is cleared, the area becomes lazy, and the counter grows; in which order, differs. */
import { has } from "../../../engine/reduce/conditions.ts";
import { IDLE, type Step } from "../../program.ts";
import { type Areas, BUSY, type CpuFields, count, counted, LAZY } from "./fields.ts";

/** Where a free goes on that finds too much lazy. */
export interface FreeRules {
  readonly publishes: "before it counts" | "after it counted";
  /** The phase it goes to, or that it asks the worker. */
  readonly purges: "try purge" | "worker";
}

export const frees =
  ({ publishes, purges }: FreeRules) =>
  (m: Areas, cpu: CpuFields): Step[] => [
    ...m.life.flatMap((_life, place) => ofPlace(m, cpu, place, publishes === "before it counts")),
    {
      at: "lazy limit",
      says: "too little is lazy for a purge; returns",
      to: IDLE,
      guard: (state) => counted(m, state) <= m.scope.lazyMax,
      reads: [m.lazyNr],
    },
    {
      at: "lazy limit",
      says: purges === "worker" ? "asks the worker to purge; returns" : "too much is lazy",
      to: purges === "worker" ? IDLE : purges,
      guard: (state) => counted(m, state) > m.scope.lazyMax,
      ...(purges === "worker" ? { does: (state: Int32Array) => m.drainAsked.set(state, 1) } : {}),
      reads: [m.lazyNr],
      writes: purges === "worker" ? [m.drainAsked] : [],
    },
  ];

function ofPlace(m: Areas, cpu: CpuFields, place: number, publishesFirst: boolean): Step[] {
  const life = m.life[place] as (typeof m.life)[number];
  const when = [has(cpu.place, place + 1)];
  const publish: Pick<Step, "says" | "does" | "reads" | "writes"> = {
    says: `area ${place} is lazy`,
    does: (state) => life.set(state, LAZY),
    writes: [life],
  };
  const add: Pick<Step, "says" | "does" | "reads" | "writes"> = {
    says: `counts area ${place}`,
    does: (state) => count(m, state, 1),
    reads: [m.lazyNr],
    writes: [m.lazyNr],
  };
  const [first, second] = publishesFirst ? [publish, add] : [add, publish];
  return [
    {
      at: IDLE,
      says: `vunmap of area ${place}: clears its PTE`,
      to: "free_vmap_area_noflush",
      // An area that another CPU frees already is held by nobody.
      when: [has(life, BUSY), ...m.cpus.map((other) => notFreeing(other, place, m))],
      does: (state) => {
        m.ptes.set(state, m.ptes.get(state) & ~(1 << place));
        cpu.place.set(state, place + 1);
      },
      reads: [m.ptes],
      writes: [m.ptes, cpu.place],
    },
    { at: "free_vmap_area_noflush", to: "vmap_lazy_nr", when, ...first },
    {
      at: "vmap_lazy_nr",
      to: "lazy limit",
      when,
      ...second,
      does: (state) => {
        second.does?.(state);
        cpu.place.set(state, 0);
      },
      writes: [...(second.writes ?? []), cpu.place],
    },
  ];
}

function notFreeing({ place }: CpuFields, freed: number, { life }: Areas) {
  const others = [...life.keys()].map((each) => each + 1).filter((each) => each !== freed + 1);
  return has(place, 0, ...others);
}
