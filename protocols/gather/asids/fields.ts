/**
 * The state of ASID allocation on arm64: a generation, a map of taken ASIDs, for each address space (task) the ASID it
 * got last, and for each CPU what it runs, what is noted as active and as reserved, and its TLB.
 *
 * A TLB need not be a list of entries. An entry was made for a task under an ASID. It is *current* while that is the
 * ASID of the task: an invalidation for the task reaches it. Otherwise it is *left over*: no invalidation by the task
 * reaches it any more, so it is stale for any task that runs under that ASID next. A CPU caches all it can as soon as it can:
 * entries only add violations, so filling later would add states and no runs that violate a law.
 */
import {
  type Field,
  type IndexSet,
  indexOf,
  type Layout,
  plain,
  setOf,
  upTo,
} from "../../../engine/search/layout.ts";

export interface AsidsScope {
  readonly cpus: number;
  /** Address spaces: each may run on several CPUs at once. */
  readonly tasks: number;
  readonly asids: number;
  /** No rollover begins in the last generation. */
  readonly generations: number;
}

/** An ASID with its generation; both 0 for none. */
export interface Context {
  readonly generation: Field;
  readonly asid: Field;
}

export type Asids = ReturnType<typeof fieldsOf>;
export type CpuFields = Asids["cpus"][number];

export function fieldsOf(layout: Layout, scope: AsidsScope) {
  const sets = {
    cpus: { name: "CPUs", size: scope.cpus },
    tasks: { name: "tasks", size: scope.tasks },
    asids: { name: "ASIDs", size: scope.asids },
  };
  const generation = plain(scope.generations + 1);
  const contexts = (name: string, over: IndexSet): readonly Context[] => {
    const [generations, asids] = [
      layout.array(`generation ${name}`, over, generation),
      layout.array(`asid ${name}`, over, indexOf(sets.asids)),
    ];
    return upTo(over.size).map((at) => ({
      generation: generations[at] as Field,
      asid: asids[at] as Field,
    }));
  };
  const ofCpus = (name: string, of: IndexSet) => layout.array(name, sets.cpus, indexOf(of));
  const tasks = contexts("of the context", sets.tasks);
  const shared = {
    generation: layout.field("asid_generation", generation),
    lock: layout.field("cpu_asid_lock", indexOf(sets.cpus)),
    /** Other CPUs whose active ASID the rollover has not yet taken. */
    left: layout.field("left", setOf(sets.cpus)),
    map: layout.field("asid_map", setOf(sets.asids)),
    pending: layout.field("tlb_flush_pending", setOf(sets.cpus)),
  };
  const phase = layout.array("phase", sets.cpus, plain(8));
  const [active, reserved, read] = ["active", "reserved", "read"].map((name) => contexts(name, sets.cpus));
  const [running, next] = [ofCpus("running", sets.tasks), ofCpus("next", sets.tasks)];
  const hardware = ofCpus("ASID in use", sets.asids);
  const current = layout.array("current entries", sets.cpus, setOf(sets.tasks));
  const leftOver = layout.array("entries left over", sets.cpus, setOf(sets.asids));
  return {
    ...shared,
    scope,
    tasks,
    cpus: upTo(scope.cpus).map((index) => ({
      index,
      phase: phase[index] as Field,
      active: active?.[index] as Context,
      reserved: reserved?.[index] as Context,
      /** The context of the next task, as it was read without the lock. */
      read: read?.[index] as Context,
      running: running[index] as Field,
      next: next[index] as Field,
      /** The ASID under which the running task runs. */
      hardware: hardware[index] as Field,
      /** The tasks of which the TLB has current entries, and the ASIDs under which it has entries left over. */
      current: current[index] as Field,
      leftOver: leftOver[index] as Field,
    })),
  };
}

export const fieldsOfContext = ({ generation, asid }: Context): readonly Field[] => [generation, asid];

export const allFields = (m: Asids): readonly Field[] => [
  m.generation,
  m.lock,
  m.left,
  m.map,
  m.pending,
  ...m.tasks.flatMap(fieldsOfContext),
  ...m.cpus.flatMap((cpu) => [
    ...[cpu.active, cpu.reserved, cpu.read].flatMap(fieldsOfContext),
    cpu.running,
    cpu.next,
    cpu.hardware,
    cpu.current,
    cpu.leftOver,
  ]),
];
