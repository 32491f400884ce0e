/** A purge: gathers the lazy areas, asks every CPU to flush, releases; and who begins a purge, and when. */
import {
  adds,
  all,
  briefly,
  excludes,
  type Guard,
  inCase,
  isIn,
  noneIs,
  type Operations,
  replaces,
  sets,
  someIs,
} from "../../../engine/operations.ts";
import { has, hasNot } from "../../../engine/reduce/conditions.ts";
import { noBug } from "../../../spec/vmap/laws/integrity.ts";
import { done, keeps } from "../../call-assertions.ts";
import { hardwareStep, IDLE, type Step, type StepAction } from "../../program.ts";
import {
  type Areas,
  type CpuFields,
  counted,
  countedAbove,
  countedAtMost,
  FREE,
  givesUp,
  joinsLine,
  LAZY,
  lazyPlaces,
  NOT_SEEKING,
  POOLED,
  PURGING,
  SEEKING,
  SEEN_FULL,
  takesLock,
  triesLock,
} from "./fields.ts";

/** The phases of a purge between its begin and its end. */
export const PURGES: readonly string[] = ["gather", "flush_tlb_kernel_range", "release", "unlock"];

/** What differs between releases. */
export interface PurgeRules {
  /** BUG_ON: more is gathered than was counted (to 2.6.32). */
  readonly assertsCount: boolean;
  /** When the gathered pages leave the counter. */
  readonly uncounts: "when gathered" | "when released";
  /**
   * Whether all areas are released under one hold of the lock, or the lock is dropped after each area, or only while
   * less than twice the limit is lazy.
   */
  readonly releases: "at once" | "one by one" | "one by one below the threshold";
  /** Whether released areas go to a node's pool, unless an allocation purges. */
  readonly fillsPools: boolean;
  /** Whether a purge that no allocation waits for is repeated while too many lazy pages are counted. */
  readonly looksAgain: boolean;
  /** Whether an allocation keeps the lock and searches under it (repaired). */
  readonly searchesUnderLock: boolean;
}

const seeks = ({ seeking }: CpuFields) => hasNot(seeking, NOT_SEEKING);
const seeksNot = ({ seeking }: CpuFields) => has(seeking, NOT_SEEKING);

/** The purge itself, from the moment its lock is taken. An allocation continues with its retry, others return. */
export const purges =
  (rules: PurgeRules) =>
  (m: Areas, cpu: CpuFields): Step[] => {
    const { assertsCount, uncounts, searchesUnderLock } = rules;
    // An allocation's own purge first empties all pools (full decay).
    const emptiesPools = rules.fillsPools
      ? briefly("if it allocates: empty all pools", inCase(seeks(cpu), replaces(m.life, POOLED, FREE)))
      : [];
    const ends = searchesUnderLock ? [seeksNot(cpu)] : [];
    return [
      {
        at: "gather",
        says: "finds nothing lazy",
        to: "unlock",
        when: [noneIs(m.life, LAZY), ...ends],
        does: emptiesPools,
      },
      {
        at: "gather",
        says: "takes all that is lazy",
        to: "flush_tlb_kernel_range",
        when: [someIs(m.life, LAZY)],
        asserts: assertsCount ? [countsSuffice(m)] : [],
        does: [
          m.life.map((life) =>
            inCase(has(life, LAZY), [
              uncounts === "when gathered" ? adds(m.lazyNr, -1) : [],
              sets(life, PURGING),
            ]),
          ),
          emptiesPools,
          sets(m.pending, 2 ** m.scope.cpus - 1),
        ],
      },
      {
        at: "flush_tlb_kernel_range",
        says: "all have flushed",
        to: "release",
        when: [has(m.pending, 0)],
      },
      {
        at: "release",
        says:
          rules.releases === "at once" ? "releases all" : "releases one, and more while it keeps the lock",
        to: "release",
        when: [someIs(m.life, PURGING)],
        does: releasesPlaces(m, cpu, rules),
      },
      {
        at: "release",
        says: "has released all",
        to: "unlock",
        when: [noneIs(m.life, PURGING), ...ends],
      },
      ...(searchesUnderLock ? keepsLock(m, cpu) : []),
      ...unlocks(m, cpu, rules),
    ];
  };

const countsSuffice = (m: Areas) =>
  keeps(noBug, [...m.life, m.lazyNr], (state) => ({
    command: { op: "purge" },
    response:
      lazyPlaces(m, state) > counted(m, state)
        ? { ...done, kind: "bug", text: "BUG_ON(nr > vmap_lazy_nr)" }
        : done,
    before: { initialised: true },
  }));

/** Releases the lowest place being purged, and further places while it keeps the lock. */
function releasesPlaces(
  m: Areas,
  cpu: CpuFields,
  { uncounts, fillsPools, releases }: PurgeRules,
): Operations {
  const release = m.life.map((life) => [
    fillsPools ? inCase(seeks(cpu), sets(life, FREE), sets(life, POOLED)) : sets(life, FREE),
    uncounts === "when released" ? adds(m.lazyNr, -1) : [],
  ]);
  const isPurged = m.life.map((life) => has(life, PURGING));
  const keepsLockFor = (guard: Guard): readonly Guard[] => {
    if (releases === "one by one") return [];
    return releases === "at once" ? [guard] : [all(guard, countedAbove(m, 2 * m.scope.lazyMax - 1))];
  };
  const rest = (from: number) =>
    isPurged.map((guard, place) =>
      place < from ? [] : keepsLockFor(guard).map((each) => inCase(each, release[place] as Operations)),
    );
  return isPurged.reduceRight<Operations>(
    (otherwise, guard, place) => inCase(guard, [release[place] as Operations, rest(place + 1)], otherwise),
    [],
  );
}

/** An allocation keeps the purge lock, and continues with its search under it. */
const keepsLock = (m: Areas, cpu: CpuFields): Step[] => [
  {
    at: "gather",
    says: "finds nothing lazy",
    to: "gathered nothing",
    when: [noneIs(m.life, LAZY), seeks(cpu)],
  },
  {
    at: "release",
    says: "has released all; searches",
    to: "search under lock",
    when: [noneIs(m.life, PURGING), seeks(cpu)],
  },
];

function unlocks(m: Areas, cpu: CpuFields, { looksAgain, searchesUnderLock }: PurgeRules): Step[] {
  const unlock = (says: string, to: string, when: readonly Guard[], does: Operations = []): Step => ({
    at: "unlock",
    says,
    to,
    when,
    does: [sets(m.purgeLock, 0), does],
  });
  const [enough, tooMuch] = [countedAtMost(m, m.scope.lazyMax), countedAbove(m, m.scope.lazyMax)];
  return [
    ...(searchesUnderLock ? [] : [unlock("unlocks", "retry", [seeks(cpu)])]),
    unlock("unlocks; returns", IDLE, [seeksNot(cpu), ...(looksAgain ? [enough] : [])]),
    ...(looksAgain
      ? [unlock("unlocks; too much is lazy still", "purge lock", [seeksNot(cpu), tooMuch], joinsLine(m, cpu))]
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

/** The worker that purges (5.18 on), on any idle CPU. */
export const works = (m: Areas, cpu: CpuFields): Step[] => [
  {
    at: IDLE,
    says: "drain_vmap_area_work",
    to: "purge lock",
    when: [has(m.drainAsked, 1)],
    does: [sets(m.drainAsked, 0), joinsLine(m, cpu)],
    agent: "the worker",
  },
  waits(m, cpu),
];

/** The interrupt in which a CPU flushes the areas being purged. */
export function flushes(m: Areas, { index, tlb }: CpuFields): StepAction {
  return hardwareStep(
    index,
    {
      says: "flushes what is purged",
      when: [isIn(m.pending, index)],
      does: [
        m.life.map((life, place) => inCase(has(life, PURGING), excludes(tlb, place))),
        excludes(m.pending, index),
      ],
    },
    true,
  );
}
