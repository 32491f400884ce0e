/** A purge: gathers what is lazy, has every CPU flush, releases; and who begins one, and when. */
import { has } from "../../../engine/reduce/conditions.ts";
import { noBug } from "../../../spec/vmap/laws/integrity.ts";
import { done, keeps } from "../../call-assertions.ts";
import { hardwareStep, IDLE, type Step, type StepAction } from "../../program.ts";
import {
  type Areas,
  type CpuFields,
  count,
  counted,
  FREE,
  firstWith,
  LAZY,
  lazyPlaces,
  NOT_SEEKING,
  POOLED,
  PURGING,
  SEEKING,
  SEEN_FULL,
} from "./fields.ts";
import { givesUp, joinsLine, takesLock, triesLock } from "./lock.ts";

/** The phases of a purge that was begun and has not ended. */
export const PURGES: readonly string[] = ["gather", "flush_tlb_kernel_range", "release", "unlock"];

/** What differs between releases. */
export interface PurgeRules {
  /** BUG_ON: more is gathered than was counted (to 2.6.32). */
  readonly assertsCount: boolean;
  /** When what was gathered leaves the counter. */
  readonly uncounts: "when gathered" | "when released";
  /**
   * Whether all is released under one hold of the lock; or the lock is dropped after each area; or only as long as
   * less than twice the limit is lazy.
   */
  readonly releases: "at once" | "one by one" | "one by one below the threshold";
  /** Whether a node's pool takes what is released, unless the purge is one of an allocation. */
  readonly fillsPools: boolean;
  /** Whether a purge that is nobody's allocation begins again for as long as too much is counted. */
  readonly looksAgain: boolean;
  /** Whether an allocation keeps the lock and searches under it (repaired). */
  readonly searchesUnderLock: boolean;
}

/** The purge itself, from the moment its lock is taken. An allocation goes on to its retry, others return. */
export const purges =
  (rules: PurgeRules) =>
  (m: Areas, cpu: CpuFields): Step[] => {
    const everyCpu = 2 ** m.scope.cpus - 1;
    const { assertsCount, uncounts } = rules;
    return [
      {
        at: "gather",
        says: "finds nothing lazy",
        to: "unlock",
        guard: (state) => firstWith(m, state, LAZY) < 0 && !(rules.searchesUnderLock && seeks(cpu, state)),
        ...(rules.fillsPools ? { does: (state: Int32Array) => emptyPools(m, cpu, state) } : {}),
        reads: [...m.life, cpu.seeking],
        writes: rules.fillsPools ? m.life : [],
      },
      {
        at: "gather",
        says: "takes all that is lazy",
        to: "flush_tlb_kernel_range",
        guard: (state) => firstWith(m, state, LAZY) >= 0,
        asserts: assertsCount ? [countsSuffice(m)] : [],
        does: (state) => {
          if (uncounts === "when gathered") count(m, state, -lazyPlaces(m, state));
          for (const life of m.life) if (life.get(state) === LAZY) life.set(state, PURGING);
          if (rules.fillsPools) emptyPools(m, cpu, state);
          m.pending.set(state, everyCpu);
        },
        reads: [...m.life, cpu.seeking, m.lazyNr],
        writes: [...m.life, m.pending, m.lazyNr],
      },
      {
        at: "flush_tlb_kernel_range",
        says: "all have flushed",
        to: "release",
        when: [has(m.pending, 0)],
      },
      ...releasing(m, cpu, rules),
      ...unlocks(m, cpu, rules),
    ];
  };

/** An allocation's own purge takes everything out of the pools first (full decay). */
function emptyPools(m: Areas, cpu: CpuFields, state: Int32Array): void {
  if (!seeks(cpu, state)) return;
  for (const life of m.life) if (life.get(state) === POOLED) life.set(state, FREE);
}

const countsSuffice = (m: Areas) =>
  keeps(noBug, (state) => ({
    command: { op: "purge" },
    response:
      lazyPlaces(m, state) > counted(m, state)
        ? { ...done, kind: "bug", text: "BUG_ON(nr > vmap_lazy_nr)" }
        : done,
    before: { initialised: true },
  }));

/** Releases the lowest place that is being purged. */
function releaseOne(m: Areas, cpu: CpuFields, { uncounts, fillsPools }: PurgeRules, state: Int32Array): void {
  const place = firstWith(m, state, PURGING);
  const pooled = fillsPools && !seeks(cpu, state);
  m.life[place]?.set(state, pooled ? POOLED : FREE);
  if (uncounts === "when released") count(m, state, -1);
}

function releasing(m: Areas, cpu: CpuFields, rules: PurgeRules): Step[] {
  const { releases } = rules;
  const threshold = 2 * m.scope.lazyMax;
  const dropsLock = (state: Int32Array) =>
    releases !== "at once" && (releases === "one by one" || counted(m, state) < threshold);
  return [
    {
      at: "release",
      says: releases === "at once" ? "releases all" : "releases one, and more while it keeps the lock",
      to: "release",
      guard: (state) => firstWith(m, state, PURGING) >= 0,
      does: (state) => {
        do releaseOne(m, cpu, rules, state);
        while (!dropsLock(state) && firstWith(m, state, PURGING) >= 0);
      },
      reads: [...m.life, m.lazyNr, cpu.seeking],
      writes: [...m.life, m.lazyNr],
    },
    {
      at: "release",
      says: "has released all",
      to: "unlock",
      guard: (state) => firstWith(m, state, PURGING) < 0 && !(rules.searchesUnderLock && seeks(cpu, state)),
      reads: [...m.life, cpu.seeking],
    },
    ...(rules.searchesUnderLock ? searchesUnderLock(m, cpu) : []),
  ];
}

const seeks = ({ seeking }: CpuFields, state: Int32Array) => seeking.get(state) !== NOT_SEEKING;

/** An allocation keeps the purge lock, and goes on to its search under it. */
function searchesUnderLock(m: Areas, cpu: CpuFields): Step[] {
  const goesOn = (at: string, to: string, purged: number): Step => ({
    at,
    says: at === "gather" ? "finds nothing lazy" : "has released all; searches",
    to,
    guard: (state) => firstWith(m, state, purged) < 0 && seeks(cpu, state),
    reads: [...m.life, cpu.seeking],
  });
  return [goesOn("gather", "gathered nothing", LAZY), goesOn("release", "search under lock", PURGING)];
}

function unlocks(m: Areas, cpu: CpuFields, { looksAgain, searchesUnderLock: keepsLock }: PurgeRules): Step[] {
  const again = (state: Int32Array) => looksAgain && counted(m, state) > m.scope.lazyMax;
  const unlock = (says: string, to: string, guard: (state: Int32Array) => boolean): Step => ({
    at: "unlock",
    says,
    to,
    guard,
    does: (state) => m.purgeLock.set(state, 0),
    reads: looksAgain ? [cpu.seeking, m.lazyNr] : [cpu.seeking],
    writes: [m.purgeLock],
  });
  return [
    ...(keepsLock ? [] : [unlock("unlocks", "retry", (state) => seeks(cpu, state))]),
    unlock("unlocks; returns", IDLE, (state) => !seeks(cpu, state) && !again(state)),
    ...(looksAgain
      ? [
          joinsLine(
            m,
            cpu,
            unlock(
              "unlocks; too much is lazy still",
              "purge lock",
              (state) => !seeks(cpu, state) && again(state),
            ),
          ),
        ]
      : []),
  ];
}

/** A purge that gives up if another CPU has the lock: of a free, which returns, or of an allocation (A3). */
export const tries = (m: Areas, cpu: CpuFields): Step[] => [
  triesLock(m, cpu, "try purge", "gather"),
  givesUp(m, "try purge", "returns", IDLE, [has(cpu.seeking, NOT_SEEKING)]),
  givesUp(m, "try purge", "gives up", "retry", [has(cpu.seeking, SEEKING, SEEN_FULL)]),
];

/** A purge that waits. */
export const waits = (m: Areas, cpu: CpuFields): Step => takesLock(m, cpu, "purge lock", "gather");

/** The worker that purges (5.18 on), on whichever CPU has nothing else to do. */
export const works = (m: Areas, cpu: CpuFields): Step[] => [
  {
    ...joinsLine(m, cpu, {
      at: IDLE,
      says: "drain_vmap_area_work",
      to: "purge lock",
      when: [has(m.drainAsked, 1)],
      does: (state) => m.drainAsked.set(state, 0),
      writes: [m.drainAsked],
    }),
    agent: "the worker",
  },
  waits(m, cpu),
];

/** The interrupt in which a CPU flushes what is being purged. */
export function flushes(m: Areas, cpu: CpuFields): StepAction {
  return hardwareStep(
    cpu.index,
    {
      says: "flushes what is purged",
      guard: (state) => ((m.pending.get(state) >>> cpu.index) & 1) === 1,
      does: (state) => {
        let held = cpu.tlb.get(state);
        for (const [place, life] of m.life.entries()) if (life.get(state) === PURGING) held &= ~(1 << place);
        cpu.tlb.set(state, held);
        m.pending.set(state, m.pending.get(state) & ~(1 << cpu.index));
      },
      reads: [m.pending, cpu.tlb, ...m.life],
      writes: [cpu.tlb, m.pending],
    },
    true,
  );
}
