/**
 * A side table keyed by address, coarser than areas, and filled and emptied outside the allocator's lock: the shadow pages
 * of KASAN, one for two neighbouring areas. Neighbours belong to different nodes, whose helpers may release them at once.
 */
import type { Invariant } from "../../../engine/machine.ts";
import {
  all,
  called,
  compare,
  does,
  type Guard,
  inCase,
  type Operation,
  onChosen,
  sets,
  test,
  value,
} from "../../../engine/operations.ts";
import { has, hasNot } from "../../../engine/reduce/conditions.ts";
import { byIndex, type Field, indexOf, Layout, named, plain, upTo } from "../../../engine/search/layout.ts";
import { entryFreedOnce, entryIsThere, othersGetTheCpu } from "../../../spec/vmap/step-laws.ts";
import { type Check, IDLE, MOST_PHASES, type Step, type StepMachine } from "../../program.ts";
import { stepMachine } from "../../step-machine.ts";

export interface ShadowScope {
  readonly cpus: number;
  readonly areas: number;
  /** Areas that a purge may release between two pauses. */
  readonly most: number;
}

/** What differs between releases, and how far a release reaches. */
export interface ShadowOrder {
  /** Whether the entry is read before its lock is taken. */
  readonly reads: "before the lock" | "under the lock";
  /**
   * Which shadow page a purge of an area frees: one that the area covers, so that no other can use it; or any that no other
   * area uses.
   */
  readonly frees: "its own" | "unused ones";
  /** Whether it pauses (cond_resched) after some areas. */
  readonly pauses: boolean;
}

const [FREE, TAKEN, LIVE, LAZY, RELEASING] = [0, 1, 2, 3, 4] as const;
/** Areas under one shadow page; and, of each, its node. */
const SHARING = 2;
const pageOf = (area: number) => Math.floor(area / SHARING);
const nodeOf = (area: number) => area % SHARING;

type Shadow = ReturnType<typeof fieldsOf>;
type CpuFields = Shadow["cpus"][number];

function fieldsOf(layout: Layout, scope: ShadowScope) {
  const { cpus, areas, most } = scope;
  const ofCpus = { name: "CPUs", size: cpus };
  const pages = Math.ceil(areas / SHARING);
  const frames = pages + cpus;
  const frame = plain(frames + 1, (value) => (value === 0 ? "none" : `frame ${value}`));
  return {
    scope,
    life: upTo(areas).map((at) =>
      layout.field(`life of area ${at}`, named("free", "taken", "live", "lazy", "releasing")),
    ),
    /** Who allocates or releases it. */
    holder: upTo(areas).map((at) => layout.field(`holder of area ${at}`, indexOf(ofCpus))),
    entry: upTo(pages).map((at) => layout.field(`entry of page ${at}`, frame)),
    /** Whether a frame is allocated. */
    used: upTo(frames).map((at) => layout.field(`frame ${at + 1} is`, named("free", "used"))),
    cpus: byIndex(cpus, {
      phase: layout.array("phase", ofCpus, plain(MOST_PHASES)),
      /** The area that it is at, or none. */
      area: layout.array(
        "area",
        ofCpus,
        plain(areas + 1, (value) => (value === 0 ? "none" : `area ${value - 1}`)),
      ),
      /** The frame that it allocated, or took out. */
      frame: layout.array("frame", ofCpus, frame),
      /** Areas released since it paused. */
      ran: layout.array("ran", ofCpus, plain(most + 2)),
    }),
  };
}

/** The entry over a CPU's area. */
const entryValue = (m: Shadow, cpu: CpuFields) =>
  value(
    "the entry",
    [cpu.area, ...m.entry],
    (state) => m.entry[pageOf(cpu.area.get(state) - 1)]?.get(state) ?? 0,
  );

const entryIs = (m: Shadow, cpu: CpuFields, present: boolean): Guard =>
  called(
    present ? "the entry is there" : "there is no entry",
    compare(entryValue(m, cpu), present ? "!=" : "=", 0),
  );

/** Sets the entry over its area. */
const setsEntry = (m: Shadow, cpu: CpuFields, to: Field | 0): Operation =>
  does(
    to === 0 ? "clear the entry" : "set the entry",
    { reads: [cpu.area, ...(to === 0 ? [] : [to])], writes: m.entry, keeps: m.entry },
    (state) => m.entry[pageOf(cpu.area.get(state) - 1)]?.set(state, to === 0 ? 0 : to.get(state)),
  );

const allocates = (m: Shadow, cpu: CpuFields): Operation =>
  does("allocate a frame", { reads: m.used, writes: [...m.used, cpu.frame] }, (state) => {
    const free = m.used.findIndex((used) => used.get(state) === 0);
    m.used[free]?.set(state, 1);
    cpu.frame.set(state, free + 1);
  });

const freesFrame = (m: Shadow, cpu: CpuFields): Operation[] => [
  onChosen(
    cpu.frame,
    m.used.map((used) => sets(used, 0)),
    "free the frame",
    1,
  ),
  sets(cpu.frame, 0),
];

/** What it frees was not freed before. */
const freedOnce = (m: Shadow, cpu: CpuFields): Check => ({
  law: entryFreedOnce,
  reads: [cpu.frame, ...m.used],
  holds: (state) => m.used[cpu.frame.get(state) - 1]?.get(state) === 1,
});

const setsLife = (m: Shadow, cpu: CpuFields, to: number): Operation[] => [
  onChosen(
    cpu.area,
    m.life.map((life, area) => [sets(life, to), sets(m.holder[area] as Field, 0)]),
    to === LIVE ? "the area is live" : "the area is free",
    1,
  ),
  sets(cpu.area, 0),
];

/** alloc_vmap_area, and kasan_populate_vmalloc for what it took. */
function allocs(m: Shadow, cpu: CpuFields, { reads }: ShadowOrder): Step[] {
  const begins = m.life.map(
    (life, area): Step => ({
      at: IDLE,
      says: `alloc_vmap_area takes area ${area}`,
      to: "kasan_populate_vmalloc",
      when: [has(life, FREE)],
      does: [sets(life, TAKEN), sets(m.holder[area] as Field, cpu.index + 1), sets(cpu.area, area + 1)],
    }),
  );
  const early: Step[] =
    reads === "under the lock"
      ? []
      : [
          {
            at: "kasan_populate_vmalloc",
            says: "finds an entry; returns",
            to: IDLE,
            when: [entryIs(m, cpu, true)],
            does: setsLife(m, cpu, LIVE),
          },
        ];
  return [
    ...begins,
    ...early,
    {
      at: "kasan_populate_vmalloc",
      says: "allocates a page",
      to: "page_table_lock",
      when: reads === "under the lock" ? [] : [entryIs(m, cpu, false)],
      does: allocates(m, cpu),
    },
    {
      at: "page_table_lock",
      says: "sets the entry; returns",
      to: IDLE,
      when: [entryIs(m, cpu, false)],
      does: [setsEntry(m, cpu, cpu.frame), sets(cpu.frame, 0), setsLife(m, cpu, LIVE)],
    },
    {
      at: "page_table_lock",
      says: "finds an entry, frees its page; returns",
      to: IDLE,
      when: [entryIs(m, cpu, true)],
      does: [freesFrame(m, cpu), setsLife(m, cpu, LIVE)],
    },
  ];
}

/** The last of an odd number of areas shares its shadow page with no other. */
const isAlone = ({ life }: Shadow, area: number) =>
  life.filter((_life, other) => pageOf(other) === pageOf(area)).length === 1;

/** No other area that the page covers is in use. */
function isUnused(m: Shadow, area: number): Guard {
  const others = m.life.filter((_life, other) => other !== area && pageOf(other) === pageOf(area));
  return called(
    "no other area uses its shadow page",
    all(...others.map((life) => hasNot(life, TAKEN, LIVE))),
  );
}

/** purge_vmap_node, of one node's areas, one after the other; and kasan_release_vmalloc for each. */
function purges(m: Shadow, cpu: CpuFields, { reads, frees, pauses }: ShadowOrder): Step[] {
  const { most } = m.scope;
  const mine = (area: number): Guard[] => [
    has(m.life[area] as Field, RELEASING),
    compare(m.holder[area] as Field, "=", cpu.index + 1),
  ];
  const none = test("it has released all", [...m.life, ...m.holder], (state) =>
    m.life.every(
      (life, area) => life.get(state) !== RELEASING || m.holder[area]?.get(state) !== cpu.index + 1,
    ),
  );
  const mayRun = pauses ? [called("it need not pause", compare(cpu.ran, "<", most))] : [];
  const next = m.life.flatMap((_life, area): Step[] => {
    const begin = { at: "purge_vmap_node", does: sets(cpu.area, area + 1) };
    const when = [...mine(area), ...mayRun];
    if (frees === "its own")
      return isAlone(m, area)
        ? [{ ...begin, says: `area ${area} covers its shadow page`, to: "kasan_depopulate_vmalloc", when }]
        : [{ ...begin, says: `area ${area} covers no whole shadow page`, to: "release", when }];
    const unused = isUnused(m, area);
    return [
      {
        ...begin,
        says: `nothing else uses the shadow page of area ${area}`,
        to: "kasan_depopulate_vmalloc",
        when: [...when, unused],
      },
      {
        ...begin,
        says: `area ${area}: its shadow page is used`,
        to: "release",
        when: [...when, notHolds(unused)],
      },
    ];
  });
  const depopulates: Step[] =
    reads === "under the lock"
      ? [
          {
            at: "kasan_depopulate_vmalloc",
            says: "clears the entry under the lock",
            to: "free page",
            when: [entryIs(m, cpu, true)],
            does: [sets(cpu.frame, entryValue(m, cpu)), setsEntry(m, cpu, 0)],
          },
          {
            at: "kasan_depopulate_vmalloc",
            says: "finds no entry",
            to: "release",
            when: [entryIs(m, cpu, false)],
          },
          {
            at: "free page",
            says: "frees the page",
            to: "release",
            asserts: [freedOnce(m, cpu)],
            does: freesFrame(m, cpu),
          },
        ]
      : [
          {
            at: "kasan_depopulate_vmalloc",
            says: "reads the entry",
            to: "clear entry",
            does: sets(cpu.frame, entryValue(m, cpu)),
          },
          {
            at: "clear entry",
            says: "clears the entry under the lock, frees the page that it read",
            to: "release",
            when: [entryIs(m, cpu, true)],
            asserts: [freedOnce(m, cpu)],
            does: [setsEntry(m, cpu, 0), freesFrame(m, cpu)],
          },
          {
            at: "clear entry",
            says: "finds no entry",
            to: "release",
            when: [entryIs(m, cpu, false)],
            does: sets(cpu.frame, 0),
          },
        ];
  return [
    ...[0, 1].map(
      (node): Step => ({
        at: IDLE,
        says: `purges node ${node}`,
        to: "purge_vmap_node",
        when: [anyLazy(m, node), isIdle(m, node)],
        does: m.life.map((life, area) =>
          nodeOf(area) === node
            ? inCase(has(life, LAZY), [sets(life, RELEASING), sets(m.holder[area] as Field, cpu.index + 1)])
            : [],
        ),
      }),
    ),
    ...next,
    ...(pauses
      ? [
          {
            at: "purge_vmap_node",
            says: "cond_resched",
            to: "purge_vmap_node",
            when: [compare(most, "<=", cpu.ran)],
            does: sets(cpu.ran, 0),
          },
        ]
      : []),
    ...(frees === "its own" && !m.life.some((_life, area) => isAlone(m, area)) ? [] : depopulates),
    {
      at: "release",
      says: "the area is free",
      to: "purge_vmap_node",
      asserts: [
        {
          law: othersGetTheCpu,
          reads: [cpu.ran],
          holds: (state) => cpu.ran.get(state) < most,
        },
      ],
      does: [
        setsLife(m, cpu, FREE),
        sets(
          cpu.ran,
          value("one more", [cpu.ran], (state) => Math.min(most + 1, cpu.ran.get(state) + 1)),
        ),
      ],
    },
    { at: "purge_vmap_node", says: "returns", to: IDLE, when: [none], does: sets(cpu.ran, 0) },
  ];
}

const notHolds = (guard: Guard): Guard =>
  "allowed" in guard
    ? hasNot(guard.field)
    : test("another area uses its shadow page", guard.reads, (state) => !guard.holds(state));

const ofNode = (m: Shadow, node: number) => m.life.filter((_life, area) => nodeOf(area) === node);

const anyLazy = (m: Shadow, node: number): Guard =>
  test(`node ${node} has lazy areas`, ofNode(m, node), (state) =>
    ofNode(m, node).some((life) => life.get(state) === LAZY),
  );

/** A purge of a node runs once at a time. */
const isIdle = (m: Shadow, node: number): Guard =>
  test(`node ${node} is not purged`, ofNode(m, node), (state) =>
    ofNode(m, node).every((life) => life.get(state) !== RELEASING),
  );

/** A live area has its entry, and what that leads to is allocated. */
const isThere = (m: Shadow): Invariant => ({
  id: entryIsThere.id,
  says: entryIsThere.says,
  reads: [...m.life, ...m.entry, ...m.used],
  holds: (state) =>
    m.life.every((life, area) => {
      if (life.get(state) !== LIVE) return true;
      const frame = m.entry[pageOf(area)]?.get(state) ?? 0;
      return frame > 0 && m.used[frame - 1]?.get(state) === 1;
    }),
});

export function shadowMachine(name: string, scope: ShadowScope, order: ShadowOrder): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope);
  return stepMachine({
    name,
    layout,
    cpus: m.cpus,
    program: (cpu) => [
      ...allocs(m, cpu, order),
      ...m.life.map((life, area) => ({
        at: IDLE,
        says: `frees area ${area}`,
        to: IDLE,
        when: [has(life, LIVE)],
        does: sets(life, LAZY),
      })),
      ...purges(m, cpu, order),
    ],
    invariants: [isThere(m)],
    isSymmetric: true,
    legend:
      "areas: . free, t taken, L live, z lazy, r being released; entries: of each shadow page, its frame; frames: u used",
    draw: (state) => ({
      areas: m.life.map((life) => ".tLzr"[life.get(state)]).join(""),
      entries: m.entry.map((entry) => entry.get(state) || "-").join(" "),
      frames: m.used.map((used) => ".u"[used.get(state)]).join(""),
    }),
  });
}

export const SHADOW_ORDERS: Readonly<Record<string, ShadowOrder>> = {
  "6.9": { reads: "before the lock", frees: "its own", pauses: false },
  /** With 5747435e0fd4. */
  "6.12.117": { reads: "before the lock", frees: "its own", pauses: true },
  /** With the fix of the (de-)population races. */
  "7.2": { reads: "under the lock", frees: "its own", pauses: true },
  /** If a purge freed shadow pages that neighbours share. */
  "6.12.117-shared": { reads: "before the lock", frees: "unused ones", pauses: true },
  "7.2-shared": { reads: "under the lock", frees: "unused ones", pauses: true },
};
