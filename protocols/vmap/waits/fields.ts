/**
 * Who waits for whom (6.9 on): the purge lock, two work items, the workers of their queue, and reclaim. Each thread is a
 * lane: callers on CPUs, the drain work, a purge's helper work for the second node, and the manager that makes workers.
 */
import { has } from "../../../engine/reduce/conditions.ts";
import { bitsOf, FLAG, type Layout, named, plain, upTo } from "../../../engine/search/layout.ts";
import { type Lane, MOST_PHASES } from "../../program.ts";

export interface WaitsScope {
  readonly cpus: number;
  /** Areas that the drain work releases on its own node, and as many as it may in the time that a work item has. */
  readonly areas: number;
  readonly most: number;
  /** Workers at the beginning. */
  readonly workers: number;
  /** Whether memory for another worker comes in the end. */
  readonly memory: boolean;
  /** Others that want the CPU of the drain work. */
  readonly other: "none" | "work" | "task";
}

/** The most workers of the queue. */
export const MOST_WORKERS = 2;
/** The nodes, as bits: the purge's own, and the one that a helper may take. */
export const BOTH_NODES = 3;
/** A work item: not queued, queued, running. */
export const [OFF, QUEUED, RUNNING] = [0, 1, 2] as const;
/** Who runs a work item. */
export const [NOBODY, A_WORKER, A_RESCUER] = [0, 1, 2] as const;

export type Waits = ReturnType<typeof fieldsOf>;

const ROLES = ["drain work", "helper work", "manager", "others"] as const;
export type Role = "caller" | (typeof ROLES)[number];

export function fieldsOf(layout: Layout, scope: WaitsScope) {
  const { cpus, areas, most } = scope;
  const roles: readonly Role[] = [
    ...upTo(cpus).map(() => "caller" as const),
    ...ROLES.filter((role) => role !== "others" || scope.other !== "none"),
  ];
  const nameOf = (index: number) => (index < cpus ? `CPU ${index}` : (roles[index] as Role));
  const names = roles.map((_role, index) => nameOf(index));
  const noneOrThread = plain(roles.length + 1, ["none", ...names]);
  const lanes = roles.map((role, index) => ({
    index,
    role,
    lane: nameOf(index),
    phase: layout.field(`phase of ${nameOf(index)}`, plain(MOST_PHASES)),
    /** 0, or its position in the queue for the purge lock. */
    turn: layout.field(`turn of ${nameOf(index)}`, plain(roles.length + 1)),
  })) satisfies readonly (Lane & { readonly role: Role })[];
  const item = named("off", "queued", "running");
  const by = named("none", "a worker", "a rescuer");
  return {
    scope,
    lanes,
    purgeLock: layout.field("purge lock", noneOrThread),
    /** Nodes with lazy areas. */
    lazy: layout.field("lazy nodes", bitsOf(2)),
    drain: layout.field("drain work is", item),
    /** Queued once more, while it runs. */
    again: layout.field("drain work is asked again", FLAG),
    helper: layout.field("helper work is", item),
    drainBy: layout.field("drain work run by", by),
    helperBy: layout.field("helper work run by", by),
    idle: layout.field("idle workers", plain(MOST_WORKERS + 1)),
    /** Areas that the drain work still has to release. */
    left: layout.field("areas left", plain(areas + 1)),
    /** Areas that it released while others waited for its CPU. */
    waited: layout.field("areas waited for", plain(most + 2)),
  };
}

export type Thread = Waits["lanes"][number];

export const threadOf = (m: Waits, role: Role): Thread =>
  m.lanes.find((each) => each.role === role) as Thread;

/** Workers that there are, idle or not. */
export const workers = ({ idle, drainBy, helperBy }: Waits, state: Int32Array): number =>
  idle.get(state) + [drainBy, helperBy].filter((by) => by.get(state) === A_WORKER).length;

export const isQueued = (m: Waits) => [has(m.drain, QUEUED), has(m.helper, QUEUED)];
