/**
 * Read-copy-update: memory that was handed to RCU (call_rcu, kfree_rcu) is freed when every CPU that was in a read
 * section then has left it. Waiting memory notes the CPUs that it waits for. Also the calls of a queue that is walked
 * under RCU.
 */
import { briefly, excludes, includes, type Operations, sets } from "../../../engine/operations.ts";
import { has } from "../../../engine/reduce/conditions.ts";
import type { Field } from "../../../engine/search/layout.ts";
import { IDLE, type Step } from "../../program.ts";

/** The CPUs in a read section, as bits; and for each object to be freed, the CPUs that it waits for. */
export interface Rcu {
  readonly readers: Field;
  readonly waits: readonly Field[];
}

/** A CPU, and where its walk is. */
interface Walker {
  readonly index: number;
  readonly at: Field;
}

/** No memory waits for this CPU any longer. */
export const readUnlock = ({ readers, waits }: Rcu, { index }: Walker): Operations =>
  briefly(
    "rcu_read_unlock()",
    [readers, ...waits].map((field) => excludes(field, index)),
  );

/** A grace period begins. */
export const callRcu = ({ readers }: Rcu, wait: Field, name: string): Operations =>
  briefly(`call_rcu(${name})`, sets(wait, readers));

/** The first link of the queue is read. */
export const beginWalk = ({ readers }: Rcu, { index, at }: Walker, first: Field): Operations => [
  briefly("rcu_read_lock()", includes(readers, index)),
  sets(at, first),
];

/** A walk is back at the head. */
export const endsWalk = (m: Rcu, cpu: Walker, head: number, at: string, to: string): Step => ({
  at,
  says: "has been through the queue",
  to,
  when: [has(cpu.at, head)],
  does: readUnlock(m, cpu),
});

/** vm_map_ram: a walk over the queue looks for a page; if there is none, a block is made and put on the queue. */
export const mapRam = (
  m: Rcu,
  cpu: Walker,
  { first, head }: { readonly first: Field; readonly head: number },
  { looks, makes, adds }: Readonly<Record<"looks" | "makes" | "adds", readonly Step[]>>,
): Step[] => [
  { at: IDLE, says: "vm_map_ram", to: "vb_alloc", does: beginWalk(m, cpu, first) },
  ...looks,
  endsWalk(m, cpu, head, "vb_alloc", "new_vmap_block"),
  ...makes,
  ...adds,
];
