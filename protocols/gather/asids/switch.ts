/**
 * check_and_switch_context: a CPU switches to another address space. The fast path takes no lock. The slow path is one
 * step unless it rolls over: what it does under the lock is seen by no CPU that does not take it, but for one write of
 * the task's context.
 */
import { compare, does, isIn, not, type Operation, sets, test } from "../../../engine/operations.ts";
import { has, hasNot } from "../../../engine/reduce/conditions.ts";
import type { Field } from "../../../engine/search/layout.ts";
import { IDLE, type Step } from "../../program.ts";
import { type Asids, allFields, type Context, type CpuFields } from "./fields.ts";

type State = Int32Array;
export type Steps = (m: Asids, cpu: CpuFields) => readonly Step[];

const [CHECK, SWAP, SLOW, ROLLOVER, PICK, SWITCH] = [
  "generation check",
  "active_asids",
  "cpu_asid_lock",
  "flush_context",
  "new_context",
  "cpu_switch_mm",
] as const;

const copy = (to: Context, from: Context) => [sets(to.generation, from.generation), sets(to.asid, from.asid)];
const isSame = (state: State, one: Context, other: Context) =>
  one.asid.get(state) === other.asid.get(state) && one.generation.get(state) === other.generation.get(state);
const put = (state: State, to: Context, generation: number, asid: number) => {
  to.generation.set(state, generation);
  to.asid.set(state, asid);
};
const clear = (state: State, { generation, asid }: Context) => {
  generation.set(state, 0);
  asid.set(state, 0);
};
const include = (state: State, set: Field, member: number) => set.set(state, set.get(state) | (1 << member));

/** An operation that may touch every field: the slow path. */
const under = (m: Asids, says: string, run: (state: State) => void): Operation =>
  does(says, { reads: allFields(m), writes: allFields(m) }, run);

/** The CPU caches entries of the task that it runs. */
function fills(m: Asids, { running, hardware, current, leftOver }: CpuFields, state: State): void {
  const task = running.get(state);
  if (task === 0) return;
  const asid = hardware.get(state);
  if (m.tasks[task - 1]?.asid.get(state) === asid) include(state, current, task - 1);
  else include(state, leftOver, asid - 1);
}

/** The next task gets this ASID in this generation; entries that were made under another are left over. */
function setsContext(m: Asids, task: number, asid: number, state: State): void {
  const context = m.tasks[task] as Context;
  const was = context.asid.get(state);
  put(state, context, m.generation.get(state), asid);
  if (was === asid || was === 0) return;
  for (const { current, leftOver } of m.cpus) {
    const held = current.get(state);
    if (((held >>> task) & 1) === 0) continue;
    current.set(state, held & ~(1 << task));
    include(state, leftOver, was - 1);
  }
}

type Flush = (m: Asids, cpu: CpuFields, state: State) => void;

/** A pending flush of the CPU's own TLB. The old task still runs. */
const flushesIfPending: Flush = (m, cpu, state) => {
  const pending = m.pending.get(state);
  if (((pending >>> cpu.index) & 1) === 0) return;
  m.pending.set(state, pending & ~(1 << cpu.index));
  cpu.current.set(state, 0);
  cpu.leftOver.set(state, 0);
  fills(m, cpu, state);
};

/** The flush, the active ASID, and the end of the lock. */
function endsSlowPath(m: Asids, cpu: CpuFields, flush: Flush, state: State): void {
  flush(m, cpu, state);
  const { generation, asid } = m.tasks[cpu.next.get(state) - 1] as Context;
  put(state, cpu.active, generation.get(state), asid.get(state));
  clear(state, cpu.read);
  m.lock.set(state, 0);
}

/** A task is chosen, and its context is read. */
const begins: Steps = (m, cpu) =>
  m.tasks.map((context, task) => ({
    at: IDLE,
    says: `switches to task ${task}: reads its context`,
    to: CHECK,
    when: [hasNot(cpu.running, task + 1)],
    does: [sets(cpu.next, task + 1), copy(cpu.read, context)],
  }));

const checks: Steps = (m, { read }) => [
  {
    at: CHECK,
    says: "its ASID is of this generation",
    to: SWAP,
    when: [compare(read.generation, "=", m.generation)],
  },
  {
    at: CHECK,
    says: "its ASID is of an older generation",
    to: SLOW,
    when: [compare(read.generation, "!=", m.generation)],
  },
];

/**
 * The ASID becomes the active one, unless a rollover has taken that. The kernel compares with a value read before; since
 * other CPUs only ever write 0 there, it is enough to ask whether it is 0 now.
 */
const swapsIfActive: Steps = (_m, { active, read }) => [
  {
    at: SWAP,
    says: "makes it active (cmpxchg)",
    to: SWITCH,
    when: [hasNot(active.asid, 0)],
    does: [copy(active, read), sets(read.asid, 0), sets(read.generation, 0)],
  },
  { at: SWAP, says: "a rollover came between", to: SLOW, when: [has(active.asid, 0)] },
];

/** Before a8ffaaa060b8 the ASID became the active one in both cases (xchg). */
const swapsAlways: Steps = (m, cpu) =>
  swapsIfActive(m, cpu).map((step) =>
    step.to === SLOW ? { ...step, does: copy(cpu.active, cpu.read) } : step,
  );

/** Whether some CPU has reserved the task's old ASID, and what becomes of those that have. */
type Reserved = (m: Asids, context: Context, state: State) => boolean;

/** All that match get the new generation too (0ebea8088095). */
const updatesReserved: Reserved = (m, context, state) => {
  const matching = m.cpus.filter(({ reserved }) => isSame(state, reserved, context));
  for (const { reserved } of matching) reserved.generation.set(state, m.generation.get(state));
  return matching.length > 0;
};
/** Before, the reserved ASIDs kept the generation in which they were reserved. */
const findsReserved: Reserved = (m, context, state) =>
  m.cpus.some(({ reserved }) => isSame(state, reserved, context));

/** What the slow path will do, once it has the lock. */
type Way = "valid" | "own" | "free" | "rollover";

function wayOf(m: Asids, { next }: CpuFields, state: State): Way {
  const context = m.tasks[next.get(state) - 1] as Context;
  const asid = context.asid.get(state);
  if (asid !== 0 && context.generation.get(state) === m.generation.get(state)) return "valid";
  const map = m.map.get(state);
  if (asid !== 0 && (findsReserved(m, context, state) || ((map >>> (asid - 1)) & 1) === 0)) return "own";
  return map === 2 ** m.scope.asids - 1 ? "rollover" : "free";
}

const goes = (m: Asids, cpu: CpuFields, way: Way) =>
  test(
    {
      valid: "its ASID is of this generation after all",
      own: "its old ASID is reserved, or free",
      free: "its old ASID is taken, another is free",
      rollover: "no ASID is free",
    }[way],
    [
      m.generation,
      m.map,
      cpu.next,
      ...[...m.tasks, ...m.cpus.map(({ reserved }) => reserved)].flatMap(({ generation, asid }) => [
        generation,
        asid,
      ]),
    ],
    (state) => cpu.next.get(state) > 0 && wayOf(m, cpu, state) === way,
  );

/** Takes any free ASID: the kernel takes the next after the last, which is one of them. */
const takesFree = (m: Asids, cpu: CpuFields, flush: Flush, at: string, when: Step["when"] = []): Step[] =>
  Array.from({ length: m.scope.asids }, (_none, asid) => ({
    at,
    says: `takes ASID ${asid}, unlocks`,
    to: SWITCH,
    when: [...when, not(isIn(m.map, asid))],
    does: under(
      m,
      `the context is ASID ${asid} of this generation; flush if pending; it is active`,
      (state) => {
        include(state, m.map, asid);
        setsContext(m, cpu.next.get(state) - 1, asid + 1, state);
        endsSlowPath(m, cpu, flush, state);
      },
    ),
  }));

const slowPath =
  ({ reserved, flush }: Pick<AsidsOrder, "reserved" | "flush">): Steps =>
  (m, cpu) => {
    const isFree = has(m.lock, 0);
    return [
      {
        at: SLOW,
        says: "its ASID is of this generation by now: unlocks",
        to: SWITCH,
        when: [isFree, goes(m, cpu, "valid")],
        does: under(m, "flush if pending; it is active", (state) => endsSlowPath(m, cpu, flush, state)),
      },
      {
        at: SLOW,
        says: "keeps its ASID, unlocks",
        to: SWITCH,
        when: [isFree, goes(m, cpu, "own")],
        does: under(m, "the same ASID, of this generation; flush if pending; it is active", (state) => {
          const task = cpu.next.get(state) - 1;
          const context = m.tasks[task] as Context;
          const asid = context.asid.get(state);
          if (!reserved(m, context, state)) include(state, m.map, asid - 1);
          setsContext(m, task, asid, state);
          endsSlowPath(m, cpu, flush, state);
        }),
      },
      ...takesFree(m, cpu, flush, SLOW, [isFree, goes(m, cpu, "free")]),
      ...rollsOver(m, cpu, flush, isFree),
    ];
  };

/** A CPU's active ASID, or if it has none the one reserved before, is reserved. */
const reserves = (m: Asids, { active, reserved }: CpuFields, state: State) => {
  if (active.asid.get(state) !== 0)
    put(state, reserved, active.generation.get(state), active.asid.get(state));
  clear(state, active);
  const asid = reserved.asid.get(state);
  if (asid !== 0) include(state, m.map, asid - 1);
};

/** A new generation. Other CPUs see it before the rollover takes their active ASIDs, one by one. */
function rollsOver(m: Asids, cpu: CpuFields, flush: Flush, isFree: ReturnType<typeof has>): Step[] {
  const others = m.cpus.filter(({ index }) => index !== cpu.index);
  const last = 2 ** m.scope.cpus - 1;
  return [
    {
      at: SLOW,
      says: "a new generation; its own active ASID is reserved",
      to: others.length > 0 ? ROLLOVER : PICK,
      when: [isFree, goes(m, cpu, "rollover"), hasNot(m.generation, m.scope.generations)],
      does: under(m, "asid_generation += 1; asid_map is empty but for reserved ASIDs", (state) => {
        m.lock.set(state, cpu.index + 1);
        m.generation.set(state, m.generation.get(state) + 1);
        m.map.set(state, 0);
        m.left.set(state, last & ~(1 << cpu.index));
        reserves(m, cpu, state);
        if (others.length === 0) m.pending.set(state, last);
      }),
    },
    ...others.map((other) => ({
      at: ROLLOVER,
      says: `takes the active ASID of CPU ${other.index}`,
      to: ROLLOVER,
      when: [isIn(m.left, other.index)],
      does: under(m, `reserve active_asids of CPU ${other.index}`, (state) => {
        m.left.set(state, m.left.get(state) & ~(1 << other.index));
        reserves(m, other, state);
      }),
    })),
    ...takesFree(m, cpu, flush, ROLLOVER, [has(m.left, 0)]).map((step) => ({
      ...step,
      does: [sets(m.pending, last), step.does ?? []],
    })),
    ...(others.length === 0 ? takesFree(m, cpu, flush, PICK) : []),
  ];
}

/** The hardware is set to the task and to the ASID that its context has now. */
const switches: Steps = (m, cpu) => [
  {
    at: SWITCH,
    says: "runs it",
    to: IDLE,
    does: under(m, "the hardware has its page table and its ASID", (state) => {
      const task = cpu.next.get(state);
      cpu.running.set(state, task);
      cpu.next.set(state, 0);
      cpu.hardware.set(state, (m.tasks[task - 1] as Context).asid.get(state));
      fills(m, cpu, state);
    }),
  },
];

/** What differs between releases. */
export interface AsidsOrder {
  readonly swap: Steps;
  readonly reserved: Reserved;
  readonly flush: Flush;
}

/** Versions are from memory; the commits' texts describe both races. */
export const ASIDS_ORDERS: Readonly<Record<string, AsidsOrder>> = {
  /** 5aec715d7d31, the rewrite after arch/arm. */
  "4.4-rc1": { swap: swapsAlways, reserved: findsReserved, flush: flushesIfPending },
  "4.4": { swap: swapsAlways, reserved: updatesReserved, flush: flushesIfPending },
  "4.16": { swap: swapsIfActive, reserved: updatesReserved, flush: flushesIfPending },
};

export const callsOf =
  ({ swap, reserved, flush }: AsidsOrder): Steps =>
  (m, cpu) => [
    ...begins(m, cpu),
    ...checks(m, cpu),
    ...swap(m, cpu),
    ...slowPath({ reserved, flush })(m, cpu),
    ...switches(m, cpu),
  ];
