/**
 * Read-copy-update: memory that was handed to RCU (call_rcu, kfree_rcu) is freed when every CPU that was in a read
 * section then has left it. What waits remembers for whom.
 */
import type { Field } from "../../../engine/search/layout.ts";

/** Who is in a read section, as bits; and what is freed after one: by each, those CPUs that it waits for. */
export interface Rcu {
  readonly readers: Field;
  readonly waits: readonly Field[];
}

/** rcu_read_lock */
export function readLock({ readers }: Rcu, cpu: number, state: Int32Array): void {
  readers.set(state, readers.get(state) | (1 << cpu));
}

/** rcu_read_unlock: nothing waits for this CPU any more. */
export function readUnlock({ readers, waits }: Rcu, cpu: number, state: Int32Array): void {
  for (const field of [readers, ...waits]) field.set(state, field.get(state) & ~(1 << cpu));
}

/** What readUnlock reads and writes. */
export const unlocked = ({ readers, waits }: Rcu): readonly Field[] => [readers, ...waits];

/** call_rcu: a grace period begins. */
export function callRcu({ readers }: Rcu, wait: Field, state: Int32Array): void {
  wait.set(state, readers.get(state));
}
