/** Areas at the step grain: allocations, frees and purges on every CPU. */
import type { EventuallyEnds, Invariant, LawStatement } from "../../../engine/machine.ts";
import { any, includes, isIn, not, sets } from "../../../engine/operations.ts";
import { has, hasNot } from "../../../engine/reduce/conditions.ts";
import { type Field, Layout } from "../../../engine/search/layout.ts";
import { type Facts, factsOf } from "../../../kernels/changes.ts";
import { lazyBounded, lazyCount } from "../../../spec/vmap/laws/purging.ts";
import { pagesIn } from "../../call-assertions.ts";
import { hardwareStep, IDLE, type Step, type StepAction, type StepMachine } from "../../program.ts";
import { stepMachine } from "../../step-machine.ts";
import { allocates, allocatesUnderLock, frees } from "./calls.ts";
import {
  type Areas,
  type AreasScope,
  BUSY,
  type CpuFields,
  counted,
  countOf,
  FREE,
  fieldsOf,
  lazyPlaces,
  POOLED,
  SEEKING,
  SEEN_FULL,
} from "./fields.ts";
import { flushes, PURGES, type PurgeRules, purges, tries, waits, works } from "./purge.ts";

// The order in which each release allocates, frees and purges areas. A bug is an order with one step replaced.

type Steps = (m: Areas, cpu: CpuFields) => readonly Step[];

export interface AreasOrder {
  readonly alloc: Steps;
  readonly free: Steps;
  /** How a purge takes its lock, and who else begins a purge. */
  readonly begin: Steps;
  readonly purge: Steps;
}

/** A free tries the purge lock; an allocation waits for it. */
const triesOrWaits: Steps = (m, cpu) => [...tries(m, cpu), waits(m, cpu)];

/** set_iounmap_nonlazy (3ee48b6af49c): so that the next iounmap purges, the counter is overwritten. */
const overwritesCounterBeside =
  (begin: Steps): Steps =>
  (m, cpu) => [
    ...begin(m, cpu),
    {
      at: IDLE,
      says: "set_iounmap_nonlazy: the counter is one above the limit",
      to: IDLE,
      does: sets(m.lazyNr, countOf(m, m.scope.lazyMax + 1)),
    },
  ];

/** The pools of an order with nodes: the worker fills them and does not look at them again. */
function purgeRulesOf({ assertsCount, uncounts, releases, lazyAreas, worker }: Facts): PurgeRules {
  const fillsPools = lazyAreas === "on nodes";
  const looksAgain = worker && !fillsPools;
  return { assertsCount, uncounts, releases, fillsPools, looksAgain, searchesUnderLock: false };
}

function orderFrom(facts: Facts): AreasOrder {
  const { triesPurge, worker, countsFirst, overwritesCounter } = facts;
  // Only a purge that looks again loops for ever on an overwritten counter (B3).
  const drains = worker && overwritesCounter ? overwritesCounterBeside(works) : works;
  return {
    alloc: allocates({
      purges: triesPurge ? "try purge" : "purge lock",
      hasNodes: facts.lazyAreas === "on nodes",
    }),
    free: frees({
      publishes: countsFirst ? "after it counted" : "before it counts",
      purges: worker ? "worker" : "try purge",
    }),
    begin: worker ? drains : triesPurge ? tries : triesOrWaits,
    purge: purges(purgeRulesOf(facts)),
  };
}

const orderOf = (label: string): AreasOrder => orderFrom(factsOf(label));

export const AREA_ORDERS: Readonly<Record<string, AreasOrder>> = {
  /** A3: an allocation that found nothing gives up while another CPU purges. */
  "2.6.28-rc3": orderOf("2.6.28-rc3"),
  /** B1: gathered areas may not yet be counted. */
  "2.6.28": orderOf("2.6.28"),
  "2.6.33": orderOf("2.6.33"),
  /** A15: the lock is dropped after each area. */
  "4.10": orderOf("4.10"),
  "5.1": orderOf("5.1"),
  /** B3: the worker looks again, and the counter was overwritten. */
  "5.18-rc1": orderOf("5.18-rc1"),
  "5.18": orderOf("5.18"),
  "5.18-searching-under-lock": {
    ...orderOf("5.18"),
    alloc: allocatesUnderLock,
    purge: purges({ ...purgeRulesOf(factsOf("5.18")), searchesUnderLock: true }),
  },
  "6.12": orderOf("6.12"),
};

// The machine.

export function areasMachine(name: string, scope: AreasScope, order: AreasOrder): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope);
  return stepMachine({
    name,
    layout,
    cpus: m.cpus,
    program: (cpu) => [
      ...order.alloc(m, cpu),
      ...order.free(m, cpu),
      ...order.begin(m, cpu),
      ...order.purge(m, cpu),
    ],
    hardware: (cpu) => [flushes(m, cpu), ...(scope.caches ? fills(m, cpu) : [])],
    begin: (state) => m.lazyNr.set(state, scope.places),
    invariants: atRest(m),
    eventuallyEnds: (phases) => eventuallyEnds(m, phases),
    isSymmetric: true,
    legend:
      "areas: . free, B busy, L lazy, P being purged, p in a pool; lazy: the counter; TLB: the areas that a CPU translates",
    draw: (state) => draw(m, state),
  });
}

/** Nothing is in flight: every CPU is idle, and the worker was not asked. */
function atRest(m: Areas): Invariant[] {
  const busy = any(has(m.drainAsked, 1), ...m.cpus.map(({ phase }) => hasNot(phase, 0)));
  const reads = [...m.life, m.lazyNr, ...busy.reads];
  const atRest = ({ id, says }: LawStatement, holds: (state: Int32Array) => boolean) => ({
    id,
    says,
    reads,
    holds: (state: Int32Array) => holds(state) || busy.holds(state),
  });
  return [
    atRest(lazyBounded, (state) => lazyPlaces(m, state) <= m.scope.lazyMax),
    atRest(lazyCount, (state) => counted(m, state) === lazyPlaces(m, state)),
  ];
}

/** The conditions that have to end. */
function eventuallyEnds(m: Areas, phases: readonly string[]): EventuallyEnds[] {
  const purging = PURGES.map((phase) => phases.indexOf(phase)).filter((phase) => phase >= 0);
  const nothingLazy = m.life.map((life) => has(life, FREE, BUSY, POOLED));
  const ofCpus = (
    id: string,
    says: string,
    when: (cpu: CpuFields) => EventuallyEnds["when"],
  ): EventuallyEnds[] => m.cpus.map((cpu) => ({ id: `${id}-${cpu.index}`, says, when: when(cpu) }));
  return [
    ...ofCpus("purge-ends", "Every purge that began ends.", ({ phase }) => [has(phase, ...purging)]),
    ...ofCpus("allocation-returns", "An allocation that began is granted or refused.", ({ seeking }) => [
      has(seeking, SEEKING, SEEN_FULL),
    ]),
    ...ofCpus("nothing-lazy-nothing-purged", "No CPU purges for ever where nothing is lazy.", ({ phase }) => [
      hasNot(phase, 0),
      ...nothingLazy,
    ]),
    {
      id: "lazy-comes-down",
      says: "While any CPU is at work, lazy pages above twice the limit come down again.",
      when: [above(m, 2 * m.scope.lazyMax)],
      guard: (state) => m.cpus.some(({ phase }) => phase.get(state) !== 0),
    },
  ];
}

/** More lazy pages than this are counted. */
function above({ lazyNr, scope }: Areas, limit: number) {
  const values = Array.from({ length: 2 * scope.places + scope.lazyMax + 2 }, (_none, more) => more + 1);
  return has(lazyNr, ...values.map((more) => scope.places + limit + more).filter((value) => value < 32));
}

/** A CPU may cache a page with a PTE at any time. */
function fills(m: Areas, cpu: CpuFields): StepAction[] {
  return m.life.map((_life: Field, place) =>
    hardwareStep(
      cpu.index,
      {
        says: `caches area ${place}`,
        when: [isIn(m.ptes, place), not(isIn(cpu.tlb, place))],
        does: includes(cpu.tlb, place),
      },
      false,
    ),
  );
}

function draw(m: Areas, state: Int32Array): Record<string, string> {
  return {
    areas: m.life.map((life) => ".BLPp"[life.get(state)]).join(""),
    lazy: String(counted(m, state)),
    ...Object.fromEntries(
      m.cpus.map(({ index, tlb }) => [`TLB ${index}`, pagesIn(tlb.get(state)).join("") || "-"]),
    ),
  };
}
