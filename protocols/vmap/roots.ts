/** Page tables that are not shared: ioremap, iounmap, touches and a purge on every CPU. */
import {
  all,
  any,
  compare,
  excludes,
  inCase,
  isIn,
  not,
  replaces,
  sets,
  someIs,
} from "../../engine/operations.ts";
import { has, hasNot } from "../../engine/reduce/conditions.ts";
import { bitsOf, type Field, Layout, named, noneOr, plain, upTo } from "../../engine/search/layout.ts";
import { factsOf } from "../../kernels/changes.ts";
import { noBug } from "../../spec/vmap/laws/integrity.ts";
import { noStaleTranslation } from "../../spec/vmap/laws/translation.ts";
import { done, keeps } from "../call-assertions.ts";
import {
  type Check,
  hardwareStep,
  IDLE,
  MOST_PHASES,
  type Step,
  type StepAction,
  type StepMachine,
} from "../program.ts";
import { stepMachine } from "../step-machine.ts";

// The state of page tables that are not shared: x86-32 with PTI has, for each process, a root whose upper level is its
// own, beside that of init_mm, which is the reference. All map with huge entries here, one for each address.

export interface RootsScope {
  readonly cpus: number;
  /** Roots beside that of init_mm. */
  readonly roots: number;
  /** Addresses, each as large as a huge entry maps. */
  readonly addresses: number;
  readonly frames: number;
}

/** An address: free, mapped and held by a caller, unmapped, on the lazy list, gathered by a purge. */
export const [FREE, LIVE, UNMAPPED, LAZY, PURGING] = [0, 1, 2, 3, 4] as const;

type Roots = ReturnType<typeof fieldsOf>;
type AddressFields = Roots["addresses"][number];
export type CpuFields = Roots["cpus"][number];

export function fieldsOf(layout: Layout, scope: RootsScope) {
  const { cpus, roots, addresses, frames } = scope;
  const entry = noneOr(frames, "frame");
  return {
    scope,
    purgeLock: layout.field("purge lock", noneOr(cpus, "CPU")),
    /** CPUs that have not yet flushed the gathered addresses. */
    pending: layout.field("pending", bitsOf(cpus)),
    addresses: upTo(addresses).map((index) => ({
      index,
      life: layout.field(`life of address ${index}`, named("free", "live", "unmapped", "lazy", "purging")),
      /** The reference's entry, and each root's. */
      reference: layout.field(`reference of address ${index}`, entry),
      entries: upTo(roots).map((root) => layout.field(`entry of root ${root}, address ${index}`, entry)),
    })),
    cpus: upTo(cpus).map((index) => ({
      index,
      phase: layout.field(`phase of CPU ${index}`, plain(MOST_PHASES)),
      /** The root it runs on. */
      root: layout.field(
        `root of CPU ${index}`,
        plain(roots, (root) => `root ${root}`),
      ),
      /** The contents of its TLB, by address, as entries. */
      tlb: upTo(addresses).map((address) => layout.field(`tlb of CPU ${index}, address ${address}`, entry)),
    })),
  };
}

const livesOf = ({ addresses }: Roots): readonly Field[] => addresses.map(({ life }) => life);

// The steps of callers: ioremap, iounmap, and touches of held addresses; and the steps of a CPU's hardware.

/** Both write only the reference: other roots get an entry by a fault, and lose it by synchronisation. */
const mapsAndUnmaps = (m: Roots): Step[] =>
  m.addresses.flatMap(({ index, life, reference }): Step[] => [
    ...upTo(m.scope.frames).map((frame) => ({
      at: IDLE,
      says: `ioremap maps address ${index} to frame ${frame}; returns`,
      to: IDLE,
      when: [has(life, FREE)],
      does: [sets(life, LIVE), sets(reference, frame + 1)],
    })),
    {
      at: IDLE,
      says: `iounmap of address ${index} clears its entry`,
      to: `free_vmap_area_noflush ${index}`,
      when: [has(life, LIVE)],
      does: [sets(life, UNMAPPED), sets(reference, 0)],
    },
    {
      at: `free_vmap_area_noflush ${index}`,
      says: `puts address ${index} on the lazy list; returns`,
      to: IDLE,
      does: sets(life, LAZY),
    },
  ]);

/** A CPU touches an address that is held, through its TLB if it can, else by the root on which it runs. */
export const touches = (m: Roots, cpu: CpuFields): Step[] =>
  m.addresses.flatMap((address) =>
    address.entries.flatMap((entry, root): Step[] => {
      const { index, life, reference } = address;
      const tlb = cpu.tlb[index] as Field;
      const held = [has(life, LIVE), has(cpu.root, root)];
      return [
        {
          at: IDLE,
          says: `touches address ${index} on root ${root}`,
          to: IDLE,
          when: [...held, any(hasNot(tlb, 0), hasNot(entry, 0))],
          does: inCase(has(tlb, 0), sets(tlb, entry)),
          asserts: [reaches(cpu, address, tlb, entry)],
        },
        {
          at: IDLE,
          says: `touches address ${index} on root ${root}: vmalloc_fault copies the reference's entry`,
          to: IDLE,
          when: [...held, has(tlb, 0), has(entry, 0)],
          does: sets(entry, reference),
        },
      ];
    }),
  );

function reaches(cpu: CpuFields, { index, reference }: AddressFields, tlb: Field, entry: Field): Check {
  return keeps(noStaleTranslation, [tlb, entry, reference], (state) => ({
    command: { op: "touch", cpu: cpu.index, page: index },
    response: {
      ...done,
      kind: "reached",
      hit: tlb.get(state) !== 0,
      frame: (tlb.get(state) || entry.get(state)) - 1,
    },
    before: { frameAt: () => reference.get(state) - 1 },
  }));
}

/**
 * A CPU switches to another process. Its TLB is kept, as with global entries; without them a flush comes with the
 * switch, and fewer violations are possible.
 */
const switches = (m: Roots, cpu: CpuFields): Step[] =>
  upTo(m.scope.roots).map((root) => ({
    at: IDLE,
    says: `runs on root ${root}`,
    to: IDLE,
    does: sets(cpu.root, root),
  }));

/** The CPU may cache an entry of its root at any time. */
export const caches = (m: Roots, cpu: CpuFields): StepAction[] =>
  m.addresses.flatMap(({ index, entries }) =>
    entries.map((entry, root) => {
      const tlb = cpu.tlb[index] as Field;
      return hardwareStep(
        cpu.index,
        {
          says: `caches address ${index} from root ${root}`,
          when: [has(tlb, 0), has(cpu.root, root), hasNot(entry, 0)],
          does: sets(tlb, entry),
        },
        false,
      );
    }),
  );

// __purge_vmap_area_lazy: lazy addresses are gathered, in some releases every root is synchronised, all CPUs flush, the
// addresses are released.

const [SYNC, FLUSH, RELEASE] = ["vmalloc_sync_all", "flush_tlb_kernel_range", "release"] as const;

/** Takes the purge lock and every lazy address, and continues at this phase. */
const gathers = (m: Roots, cpu: CpuFields, to: string): Step => ({
  at: IDLE,
  says: "a purge begins: takes the purge lock, gathers",
  to,
  when: [has(m.purgeLock, 0), someIs(livesOf(m), LAZY)],
  does: [sets(m.purgeLock, cpu.index + 1), replaces(livesOf(m), LAZY, PURGING)],
});

/** Asks every CPU to flush, and waits until all have. */
const flushesAll = (m: Roots, to: string): Step[] => [
  {
    at: FLUSH,
    says: "asks every CPU to flush",
    to: "flushing",
    does: sets(m.pending, 2 ** m.scope.cpus - 1),
  },
  { at: "flushing", says: "all have flushed", to, when: [has(m.pending, 0)] },
];

const releases = (m: Roots): Step => ({
  at: RELEASE,
  says: "releases what was gathered, unlocks; returns",
  to: IDLE,
  does: [replaces(livesOf(m), PURGING, FREE), sets(m.purgeLock, 0)],
});

/** Address by address, and for each root by root, under that root's lock. */
function synchronises(m: Roots, to: string): Step[] {
  const turns = m.addresses.flatMap(({ index, reference, entries }) =>
    entries.map((entry, root) => ({ index, reference, entry, root })),
  );
  const phase = (turn: number) => (turn === 0 ? SYNC : turn === turns.length ? to : `${SYNC} ${turn}`);
  return turns.map(({ index, reference, entry, root }, turn) => ({
    at: phase(turn),
    says: `root ${root} is as the reference at address ${index}`,
    to: phase(turn + 1),
    does: inCase(not(all(hasNot(entry, 0), hasNot(reference, 0))), sets(entry, reference)),
    asserts: [mapsTheSame(reference, entry)],
  }));
}

/** vmalloc_sync_one stops the kernel (BUG_ON) at an entry that is there in both and maps another frame. */
function mapsTheSame(reference: Field, entry: Field): Check {
  const differ = all(hasNot(entry, 0), hasNot(reference, 0), compare(entry, "!=", reference));
  return keeps(noBug, differ.reads, (state) => ({
    command: { op: "purge" },
    response: differ.holds(state) ? { ...done, kind: "bug", text: "pmd_pfn(*pmd) != pmd_pfn(*pmd_k)" } : done,
    before: { initialised: true },
  }));
}

type Steps = (m: Roots, cpu: CpuFields) => readonly Step[];

/** Up to 5.2 no purge synchronises (B7). */
const flushing: Steps = (m, cpu) => [gathers(m, cpu, FLUSH), ...flushesAll(m, RELEASE), releases(m)];

/** From 5.3 on (3f8fd02b1bf1). */
const synchronisingAndFlushing: Steps = (m, cpu) => [
  gathers(m, cpu, SYNC),
  ...synchronises(m, FLUSH),
  ...flushesAll(m, RELEASE),
  releases(m),
];

/** A mutant of it: flushed entries are cached again before the synchronisation. */
const flushingAndSynchronising: Steps = (m, cpu) => [
  gathers(m, cpu, FLUSH),
  ...flushesAll(m, SYNC),
  ...synchronises(m, RELEASE),
  releases(m),
];

const orderOf = (label: string): Steps => (factsOf(label).synchronises ? synchronisingAndFlushing : flushing);

export const ROOTS_ORDERS: Readonly<Record<string, Steps>> = {
  "5.2": orderOf("5.2"),
  "5.3": orderOf("5.3"),
  "5.3-flushing-first": flushingAndSynchronising,
};

/** The interrupt in which a CPU flushes the gathered addresses. */
export function flushes(m: Roots, { index, tlb }: CpuFields): StepAction {
  return hardwareStep(
    index,
    {
      says: "flushes what was gathered",
      when: [isIn(m.pending, index)],
      does: [
        m.addresses.map(({ index: address, life }) =>
          inCase(has(life, PURGING), sets(tlb[address] as Field, 0)),
        ),
        excludes(m.pending, index),
      ],
    },
    true,
  );
}

// The machine.

export function rootsMachine(
  name: string,
  scope: RootsScope,
  purge: (m: Roots, cpu: CpuFields) => readonly Step[],
): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope);
  return stepMachine({
    name,
    layout,
    cpus: m.cpus,
    program: (cpu) => [...mapsAndUnmaps(m), ...touches(m, cpu), ...switches(m, cpu), ...purge(m, cpu)],
    hardware: (cpu) => [flushes(m, cpu), ...caches(m, cpu)],
    draw: (state) => draw(m, state),
  });
}

/** The entry of each root and each TLB for every address: a frame's number, or a dot. */
function draw({ addresses, cpus, scope }: Roots, state: Int32Array): Record<string, string> {
  const frame = (entry: number) => (entry === 0 ? "." : `${entry - 1}`);
  const lives = ["free", "live", "unmapped", "lazy", "purging"];
  const columns: [string, string][] = [
    ["address", addresses.map(({ life }) => lives[life.get(state)] ?? "").join(" ")],
    ["init_mm", addresses.map(({ reference }) => frame(reference.get(state))).join("")],
  ];
  for (let root = 0; root < scope.roots; root++) {
    columns.push([
      `root ${root}`,
      addresses.map(({ entries }) => frame(entries[root]?.get(state) ?? 0)).join(""),
    ]);
  }
  for (const { index, tlb } of cpus) {
    columns.push([`TLB ${index}`, tlb.map((entry) => frame(entry.get(state))).join("")]);
  }
  return Object.fromEntries(columns);
}
