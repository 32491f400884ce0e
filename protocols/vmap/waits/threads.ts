/** What each thread does. A step that waits is a phase of its own: sleeping on a lock, on a work item, on memory. */
import {
  adds,
  all,
  any,
  called,
  compare,
  type Guard,
  inCase,
  not,
  type Operations,
  sets,
  test,
  testOf,
  value,
} from "../../../engine/operations.ts";
import { has, hasNot } from "../../../engine/reduce/conditions.ts";
import { othersGetTheCpu } from "../../../spec/vmap/step-laws.ts";
import { type Check, IDLE, joinsLine, type LockInTurn, type Step, takesInTurn } from "../../program.ts";
import {
  A_RESCUER,
  A_WORKER,
  BOTH_NODES,
  isQueued,
  MOST_WORKERS,
  NOBODY,
  OFF,
  QUEUED,
  RUNNING,
  type Thread,
  threadOf,
  type Waits,
  workers,
} from "./fields.ts";

/** What differs between releases, and what was proposed. */
export interface WaitsOrder {
  /** Whether the shrinker of the pools takes the purge lock, and whether it sleeps for it. */
  readonly shrinker: "takes no lock" | "sleeps on the lock" | "tries the lock";
  /** The queues of the drain work and of its helpers: the system's, without a rescuer; or own ones, which have some. */
  readonly queues: "the system's" | "one with a rescuer" | "two with a rescuer each";
  /** Whether the drain work pauses (cond_resched) after as many areas as it may release. */
  readonly pauses: boolean;
}

const turns = ({ lanes }: Waits) => lanes.map(({ turn }) => turn);

const purgeLock = (m: Waits): LockInTurn => ({ lock: m.purgeLock, turns: turns(m) });

const takesLock = (m: Waits, thread: Thread, at: string, to: string): Step => ({
  at,
  says: "takes the purge lock",
  to,
  ...takesInTurn(purgeLock(m), thread),
});

/** Phases in which a thread sleeps until it is given the purge lock. */
export const LOCKS: readonly string[] = ["shrinker's lock", "purge lock"];
/** Phases of a purge that began. */
export const PURGES: readonly string[] = ["gather", "release", "flush_work", "unlock"];

/** Memory is short: a thread that may reclaim calls the shrinker of the pools, and then continues. */
function reclaims(m: Waits, thread: Thread, { shrinker }: WaitsOrder, to: string): Step[] {
  const free = called(
    "the purge lock is free",
    test("", [m.purgeLock], (s) => m.purgeLock.get(s) === 0),
  );
  const nobodyWaits = turns(m).map((turn) => has(turn, 0));
  const shrinks: Step = {
    at: "shrink",
    says: "empties the pools, unlocks",
    to,
    does: sets(m.purgeLock, 0),
  };
  if (shrinker === "takes no lock") return [{ at: "reclaim", says: "the shrinker empties the pools", to }];
  if (shrinker === "sleeps on the lock")
    return [
      {
        at: "reclaim",
        says: "the shrinker wants the purge lock",
        to: "shrinker's lock",
        does: joinsLine(purgeLock(m), thread.turn),
      },
      takesLock(m, thread, "shrinker's lock", "shrink"),
      shrinks,
    ];
  return [
    {
      at: "reclaim",
      says: "the shrinker takes the purge lock",
      to: "shrink",
      when: [has(m.purgeLock, 0), ...nobodyWaits],
      does: sets(m.purgeLock, thread.index + 1),
    },
    {
      at: "reclaim",
      says: "the purge lock is taken: the shrinker gives up",
      to,
      when: [any(not(free), ...turns(m).map((turn) => hasNot(turn, 0)))],
    },
    shrinks,
  ];
}

/** A purge, from its lock on. With lazy areas on both nodes it leaves one node to the helper work. */
function purges(m: Waits, thread: Thread, release: readonly Step[], ends: Operations): Step[] {
  return [
    takesLock(m, thread, "purge lock", "gather"),
    { at: "gather", says: "finds nothing lazy", to: "unlock", when: [has(m.lazy, 0)] },
    {
      at: "gather",
      says: "takes what is lazy on one node, flushes",
      to: "release",
      when: [has(m.lazy, 1, 2)],
      does: [sets(m.lazy, 0), thread.role === "drain work" ? sets(m.left, m.scope.areas) : []],
    },
    {
      at: "gather",
      says: "takes what is lazy, flushes, queues the helper work",
      to: "release",
      when: [has(m.lazy, BOTH_NODES)],
      does: [
        sets(m.lazy, 0),
        sets(m.helper, QUEUED),
        thread.role === "drain work" ? sets(m.left, m.scope.areas) : [],
      ],
    },
    ...release,
    { at: "flush_work", says: "the helper work is done", to: "unlock", when: [has(m.helper, OFF)] },
    { at: "unlock", says: "unlocks; returns", to: IDLE, does: [sets(m.purgeLock, 0), ends] },
  ];
}

/** A caller allocates and frees. */
export function calls(m: Waits, thread: Thread, order: WaitsOrder): Step[] {
  const release = [{ at: "release", says: "releases what it took", to: "flush_work" }];
  return [
    { at: IDLE, says: "alloc_vmap_area: wants memory for a descriptor", to: "reclaim" },
    ...reclaims(m, thread, order, "search"),
    { at: "search", says: "finds a place; returns", to: IDLE },
    { at: "search", says: "finds nothing", to: "purge lock", does: joinsLine(purgeLock(m), thread.turn) },
    ...purges(m, thread, release, []),
    ...[1, 2].map((node) => ({
      at: IDLE,
      says: `frees an area of node ${node - 1}`,
      to: IDLE,
      when: [has(m.lazy, ...[0, 1, 2, 3].filter((nodes) => (nodes & node) === 0))],
      does: [
        sets(
          m.lazy,
          value(`with node ${node - 1}`, [m.lazy], (state) => m.lazy.get(state) | node),
        ),
        inCase(has(m.lazy, BOTH_NODES), [
          inCase(has(m.drain, RUNNING), sets(m.again, 1)),
          inCase(has(m.drain, OFF), sets(m.drain, QUEUED)),
        ]),
      ],
    })),
  ];
}

/** Who may begin a work item: a worker that is idle; or, where there is none, a rescuer that is free. */
export function rescuerIsFree({ queues }: WaitsOrder, otherBy: number): boolean {
  if (queues === "the system's") return false;
  return queues === "two with a rescuer each" || otherBy !== A_RESCUER;
}

/** The steps in which a worker or a rescuer begins an item; what it does first is `to`. */
function begins(m: Waits, order: WaitsOrder, item: "drain" | "helper", to: string, then: Operations): Step[] {
  const [is, by, otherBy] =
    item === "drain" ? [m.drain, m.drainBy, m.helperBy] : [m.helper, m.helperBy, m.drainBy];
  const hasRescuer = rescuerIsFree(order, NOBODY);
  const only = order.queues === "one with a rescuer" ? [hasNot(otherBy, A_RESCUER)] : [];
  return [
    {
      at: IDLE,
      says: "a worker begins it",
      to,
      when: [has(is, QUEUED), hasNot(m.idle, 0)],
      does: [sets(is, RUNNING), sets(by, A_WORKER), adds(m.idle, -1), then],
      agent: "the workers",
    },
    ...(hasRescuer
      ? [
          {
            at: IDLE,
            says: "no worker is idle: a rescuer begins it",
            to,
            when: [has(is, QUEUED), has(m.idle, 0), ...only],
            does: [sets(is, RUNNING), sets(by, A_RESCUER), then],
            agent: `the rescuer of the ${item} work`,
          },
        ]
      : []),
  ];
}

/** The worker or the rescuer that ran the item is free again. */
const endsItem = (m: Waits, item: "drain" | "helper"): Operations => {
  const by = item === "drain" ? m.drainBy : m.helperBy;
  return [inCase(has(by, A_WORKER), adds(m.idle, 1)), sets(by, NOBODY)];
};

/** drain_vmap_area_work: a purge that releases its areas one after the other. */
export function drains(m: Waits, thread: Thread, order: WaitsOrder): Step[] {
  const { most, other } = m.scope;
  // A pause gives the CPU to a task, not to work that waits for a worker.
  const pauses = order.pauses && other === "task";
  const mayRun = pauses ? [compare(m.waited, "<", most)] : [];
  const release: Step[] = [
    {
      at: "release",
      says: "releases an area",
      to: "release",
      when: [hasNot(m.left, 0), ...mayRun],
      does: [adds(m.left, -1), countsWaiting(m, order)],
      asserts: other === "none" ? [] : [isBrief(m, order)],
    },
    ...(pauses
      ? [
          {
            at: "release",
            says: "cond_resched: a task that waits has the CPU",
            to: "release",
            when: [hasNot(m.left, 0), compare(most, "<=", m.waited)],
            does: sets(m.waited, 0),
          },
        ]
      : []),
    { at: "release", says: "has released all", to: "flush_work", when: [has(m.left, 0)] },
  ];
  const again = inCase(has(m.again, 1), [sets(m.drain, QUEUED), sets(m.again, 0)], sets(m.drain, OFF));
  return [
    ...begins(m, order, "drain", "purge lock", joinsLine(purgeLock(m), thread.turn)),
    ...purges(m, thread, release, [endsItem(m, "drain"), again, sets(m.waited, 0)]),
  ];
}

/**
 * Others wait for the CPU of the drain work: a task; or work of the same queue, for which a worker is only made when the
 * drain work sleeps. Work on other queues does not.
 */
function heldUp(m: Waits, { queues }: WaitsOrder): Guard | undefined {
  const { other } = m.scope;
  if (other === "none" || (other === "work" && queues !== "the system's")) return undefined;
  // Idle is its only other phase.
  const waits = hasNot(threadOf(m, "others").phase, 0);
  return other === "task" ? waits : all(waits, has(m.drainBy, A_WORKER));
}

function countsWaiting(m: Waits, order: WaitsOrder): Operations {
  const held = heldUp(m, order);
  return held === undefined ? [] : inCase(held, adds(m.waited, 1));
}

function isBrief(m: Waits, order: WaitsOrder): Check {
  const held = heldUp(m, order);
  const isHeld = held === undefined ? undefined : testOf(held);
  return {
    law: othersGetTheCpu,
    reads: [m.waited, ...(isHeld?.reads ?? [])],
    holds: (state) => isHeld?.holds(state) !== true || m.waited.get(state) < m.scope.most,
  };
}

export const helps = (m: Waits, order: WaitsOrder): Step[] => [
  ...begins(m, order, "helper", "purge_vmap_node", []),
  {
    at: "purge_vmap_node",
    says: "releases the areas of its node; done",
    to: IDLE,
    does: [sets(m.helper, OFF), endsItem(m, "helper")],
  },
];

/** Makes a worker where work waits and none is idle. The thread that it makes needs memory, and may reclaim for it. */
export const manages = (m: Waits, thread: Thread, order: WaitsOrder): Step[] => [
  {
    at: IDLE,
    says: "work waits and no worker is idle: wants memory for another",
    to: "reclaim",
    when: [
      has(m.idle, 0),
      any(...isQueued(m)),
      test(
        "there may be more workers",
        [m.idle, m.drainBy, m.helperBy],
        (state) => workers(m, state) < MOST_WORKERS,
      ),
    ],
    agent: "the manager",
  },
  ...reclaims(m, thread, order, "create_worker"),
  m.scope.memory
    ? { at: "create_worker", says: "a worker is idle", to: IDLE, does: makesWorker(m) }
    : { at: "create_worker", says: "there is no memory", to: IDLE },
  {
    at: IDLE,
    says: "an idle worker ends",
    to: IDLE,
    when: [hasNot(m.idle, 0), not(any(...isQueued(m)))],
    does: adds(m.idle, -1),
  },
];

const makesWorker = (m: Waits): Operations =>
  inCase(
    test("there may be more workers", [m.idle, m.drainBy, m.helperBy], (s) => workers(m, s) < MOST_WORKERS),
    adds(m.idle, 1),
  );

/** Others on the CPU of the drain work: they run where it does not, or where it pauses. */
export const waitsForCpu = (m: Waits, order: WaitsOrder): Step[] => {
  const held = heldUp(m, order);
  const drain = threadOf(m, "drain work");
  const runs = any(has(drain.phase, 0), has(m.left, 0));
  return [
    { at: IDLE, says: "want the CPU", to: "waiting" },
    {
      at: "waiting",
      says: "have the CPU",
      to: IDLE,
      when: held === undefined ? [] : [any(runs, not(held))],
      does: sets(m.waited, 0),
    },
  ];
};
