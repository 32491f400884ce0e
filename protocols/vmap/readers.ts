/** Readers at the step grain: /proc/vmallocinfo, vread_iter and vmalloc_dump_obj, beside allocations, frees and purges. */
import type { EventuallyEnds } from "../../engine/machine.ts";
import { adds, called, compare, type Guard, inCase, type Operations, sets } from "../../engine/operations.ts";
import { has, hasNot } from "../../engine/reduce/conditions.ts";
import {
  byIndex,
  type Field,
  FLAG,
  indexOf,
  Layout,
  named,
  plain,
  upTo,
} from "../../engine/search/layout.ts";
import { noUseAfterFree } from "../../spec/vmap/laws/integrity.ts";
import { shownExisted } from "../../spec/vmap/step-laws.ts";
import { done, keeps } from "../call-assertions.ts";
import { IDLE, MOST_PHASES, type Step, type StepMachine } from "../program.ts";
import { stepMachine } from "../step-machine.ts";

interface ReadersScope {
  readonly cpus: number;
  /** Areas, each on a node of its own. */
  readonly areas: number;
  /** The most pages of an area. */
  readonly pages: number;
}

/** What differs between releases. */
interface ReadersOrder {
  /** Whether all busy areas are under one lock, or those of each node under its own (6.9). */
  readonly locks: "one" | "one for each node";
  /** Whether all who read /proc/vmallocinfo count pages in one array. */
  readonly counters: "shared" | "own";
  /** Whether vmalloc_dump_obj reads the area that it found after it has unlocked. */
  readonly dumps: "after unlocking" | "under the lock";
  /** Where vread_iter continues if the area that it saw is gone. */
  readonly ifGone: "from the same address" | "behind it";
}

const [FREE, BUSY, LAZY] = [0, 1, 2] as const;

type Readers = ReturnType<typeof fieldsOf>;
type CpuFields = Readers["cpus"][number];

function fieldsOf(layout: Layout, scope: ReadersScope) {
  const { cpus, areas, pages } = scope;
  const ofCpus = { name: "CPUs", size: cpus };
  const area = plain(areas + 1, (value) => (value === areas ? "none" : `area ${value}`));
  const counter = plain(pages * cpus + 1);
  return {
    scope,
    life: upTo(areas).map((at) => layout.field(`life of area ${at}`, named("free", "busy", "lazy"))),
    pages: upTo(areas).map((at) => layout.field(`pages of area ${at}`, plain(pages + 1))),
    lock: upTo(areas).map((at) => layout.field(`lock of node ${at}`, indexOf(ofCpus))),
    /** The shared counter; those of their own. */
    counter: layout.field("counter", counter),
    cpus: byIndex(cpus, {
      phase: layout.array("phase", ofCpus, plain(MOST_PHASES)),
      /** The node that it looks at; the address from which it reads; the lowest area that it saw. */
      at: layout.array("at", ofCpus, area),
      from: layout.array("from", ofCpus, area),
      lowest: layout.array("lowest", ofCpus, area),
      counter: layout.array("own counter", ofCpus, counter),
      /** Whether what it found was released since. */
      freed: layout.array("what it found is freed", ofCpus, FLAG),
    }),
  };
}

/** The lock that an area's node has. */
const lockOf = (m: Readers, { locks }: ReadersOrder, area: number): Field =>
  m.lock[locks === "one" ? 0 : area] as Field;

const resets = ({ scope }: Readers, cpu: CpuFields): Operations => [
  sets(cpu.at, 0),
  sets(cpu.from, 0),
  sets(cpu.lowest, scope.areas),
  sets(cpu.counter, 0),
  sets(cpu.freed, 0),
];

/** Allocations, frees and purges, in a phase each: the work under the node's lock. */
function callers(m: Readers, order: ReadersOrder): Step[] {
  return m.life.flatMap((life, area): Step[] => {
    const pages = m.pages[area] as Field;
    const unlocked = has(lockOf(m, order, area), 0);
    return [
      ...upTo(m.scope.pages).map((count) => ({
        at: IDLE,
        says: `allocates area ${area}, ${count + 1} page${count === 0 ? "" : "s"}`,
        to: IDLE,
        when: [has(life, FREE), unlocked],
        does: [sets(life, BUSY), sets(pages, count + 1)],
      })),
      {
        at: IDLE,
        says: `frees area ${area}`,
        to: IDLE,
        when: [has(life, BUSY), unlocked],
        does: sets(life, LAZY),
      },
      {
        at: IDLE,
        says: `purges area ${area}: its descriptor is freed`,
        to: IDLE,
        when: [has(life, LAZY)],
        does: [
          sets(life, FREE),
          sets(pages, 0),
          m.cpus.map((reader) => inCase(has(reader.lowest, area), sets(reader.freed, 1))),
        ],
      },
    ];
  });
}

/** vmalloc_info_show: node by node, the pages of each area counted for each NUMA node. */
function shows(m: Readers, cpu: CpuFields, order: ReadersOrder): Step[] {
  const counter = order.counters === "shared" ? m.counter : cpu.counter;
  const last = m.scope.areas - 1;
  const one = order.locks === "one";
  return [
    { at: IDLE, says: "reads /proc/vmallocinfo", to: "show: lock", does: sets(cpu.at, 0) },
    ...m.life.flatMap((life, area): Step[] => {
      const lock = lockOf(m, order, area);
      const here = has(cpu.at, area);
      const pages = m.pages[area] as Field;
      const isTaken = called("it has the lock", compare(lock, "=", cpu.index + 1));
      const next =
        area === last
          ? { to: IDLE, does: resets(m, cpu) }
          : { to: "show: lock", does: sets(cpu.at, area + 1) };
      const unlocks = one && area < last ? [] : sets(lock, 0);
      return [
        ...(one && area > 0
          ? [{ at: "show: lock", says: `looks at area ${area}`, to: "show", when: [here, isTaken] }]
          : [
              {
                at: "show: lock",
                says: `locks node ${area}`,
                to: "show",
                when: [here, has(lock, 0)],
                does: sets(lock, cpu.index + 1),
              },
            ]),
        {
          at: "show",
          says: `clears the counters for area ${area}`,
          to: "show_numa_info",
          when: [here, has(life, BUSY)],
          does: sets(counter, 0),
        },
        {
          at: "show",
          says: `area ${area} is not busy`,
          to: next.to,
          when: [here, hasNot(life, BUSY)],
          does: [unlocks, next.does],
        },
        ...upTo(m.scope.pages).map((count) => ({
          at: "show_numa_info",
          says: `counts the pages of area ${area}: ${count + 1}`,
          to: "print",
          when: [here, has(pages, count + 1)],
          does: adds(counter, count + 1),
        })),
        {
          at: "print",
          says: `prints the counters of area ${area}`,
          to: next.to,
          when: [here],
          asserts: [
            {
              law: shownExisted,
              reads: [counter, pages],
              holds: (state: Int32Array) => counter.get(state) === pages.get(state),
            },
          ],
          does: [unlocks, next.does],
        },
      ];
    }),
  ];
}

/** vmalloc_dump_obj: an address that someone else may free. */
function dumps(m: Readers, cpu: CpuFields, order: ReadersOrder): Step[] {
  const under = order.dumps === "under the lock";
  const isThere = keeps(noUseAfterFree, [cpu.freed], (state) => ({
    command: { op: "find", page: 0 },
    response: { ...done, usedAfterFree: cpu.freed.get(state) === 1 },
  }));
  return [
    ...m.life.map((life, area): Step => {
      const when: Guard[] = [has(life, BUSY), has(lockOf(m, order, area), 0)];
      const says = `vmalloc_dump_obj finds area ${area}`;
      return under
        ? { at: IDLE, says: `${says}, and reads it under the lock`, to: IDLE, when }
        : { at: IDLE, says, to: "dump", when, does: sets(cpu.lowest, area) };
    }),
    ...(under
      ? []
      : [
          {
            at: "dump",
            says: "reads what it found; returns",
            to: IDLE,
            asserts: [isThere],
            does: resets(m, cpu),
          },
        ]),
  ];
}

/**
 * vread_iter, with nodes: the lowest area of all nodes is looked for, each under its lock, and then locked again. Such a
 * phase only reads, so it does not matter who else reads under that lock; spinlocks are given in turn.
 */
function reads(m: Readers, cpu: CpuFields, order: ReadersOrder): Step[] {
  const { areas } = m.scope;
  const last = areas - 1;
  return [
    { at: IDLE, says: "vread_iter", to: "find_vmap_area_exceed_addr_lock" },
    ...m.life.flatMap((life, area): Step[] => {
      const here = has(cpu.at, area);
      const to = area === last ? "lock again" : "find_vmap_area_exceed_addr_lock";
      const next = area === last ? [] : sets(cpu.at, area + 1);
      const isNext = called("it is the lowest yet", compare(cpu.lowest, "=", areas));
      const isAbove = called("it does not lie below", compare(cpu.from, "<=", area));
      return [
        {
          at: "find_vmap_area_exceed_addr_lock",
          says: `looks at node ${area}`,
          to,
          when: [here],
          does: [inCase(has(life, BUSY), inCase(isAbove, inCase(isNext, sets(cpu.lowest, area)))), next],
        },
        {
          at: "lock again",
          says: `copies area ${area}`,
          to: area === last ? IDLE : "find_vmap_area_exceed_addr_lock",
          when: [has(cpu.lowest, area), has(life, BUSY)],
          does:
            area === last
              ? resets(m, cpu)
              : [sets(cpu.at, 0), sets(cpu.from, area + 1), sets(cpu.lowest, areas), sets(cpu.freed, 0)],
        },
        {
          at: "lock again",
          says: `area ${area} is gone: looks again`,
          to: "find_vmap_area_exceed_addr_lock",
          when: [has(cpu.lowest, area), hasNot(life, BUSY)],
          does: [
            sets(cpu.at, 0),
            sets(cpu.lowest, areas),
            sets(cpu.freed, 0),
            order.ifGone === "behind it" ? sets(cpu.from, area + 1) : [],
          ],
        },
      ];
    }),
    {
      at: "lock again",
      says: "nothing is left; returns",
      to: IDLE,
      when: [has(cpu.lowest, areas)],
      does: resets(m, cpu),
    },
  ];
}

export function readersMachine(name: string, scope: ReadersScope, order: ReadersOrder): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope);
  return stepMachine({
    name,
    layout,
    cpus: m.cpus,
    program: (cpu) => [
      ...callers(m, order),
      ...shows(m, cpu, order),
      ...dumps(m, cpu, order),
      ...(order.locks === "one" ? [] : reads(m, cpu, order)),
    ],
    begin: (state) => {
      for (const { lowest } of m.cpus) lowest.set(state, scope.areas);
    },
    eventuallyEnds: (phases) => eventuallyEnds(m, phases),
    isSymmetric: true,
    legend: "areas: . free, z lazy, or the pages of a busy one; locks: of each node, the CPU that has it",
    draw: (state) => ({
      areas: m.life
        .map((life, area) =>
          life.get(state) === BUSY ? String(m.pages[area]?.get(state)) : ".Bz"[life.get(state)],
        )
        .join(" "),
      locks: m.lock.map((lock) => (lock.get(state) === 0 ? "-" : String(lock.get(state) - 1))).join(" "),
      counters: [m.counter, ...m.cpus.map(({ counter }) => counter)].map((each) => each.get(state)).join(" "),
    }),
  });
}

function eventuallyEnds(m: Readers, phases: readonly string[]): EventuallyEnds[] {
  const reading = ["find_vmap_area_exceed_addr_lock", "lock again"]
    .map((phase) => phases.indexOf(phase))
    .filter((phase) => phase >= 0);
  if (reading.length === 0) return [];
  return m.cpus.map(({ index, phase }) => ({
    id: `read-ends-${index}`,
    says: "A vread_iter that began ends.",
    when: [has(phase, ...reading)],
  }));
}

export const READERS_ORDERS: Readonly<Record<string, ReadersOrder>> = {
  "6.5": { locks: "one", counters: "shared", dumps: "after unlocking", ifGone: "from the same address" },
  /** 0818e739b5c0. */
  "6.6": { locks: "one", counters: "shared", dumps: "under the lock", ifGone: "from the same address" },
  /** 8e1d743f2c26, 53becf32aec1: nodes, each under a lock of its own. */
  "6.9": {
    locks: "one for each node",
    counters: "shared",
    dumps: "under the lock",
    ifGone: "from the same address",
  },
  /** 5c5f0468d172. */
  "6.16": {
    locks: "one for each node",
    counters: "own",
    dumps: "under the lock",
    ifGone: "from the same address",
  },
  "6.16-moving-on": {
    locks: "one for each node",
    counters: "own",
    dumps: "under the lock",
    ifGone: "behind it",
  },
};
