/** Which locks a release has, and what each guards: from what the commits changed (kernels/changes.ts). */
import { type Facts, factsOf } from "../../kernels/changes.ts";
import { compareReleases, type Version, versionOf } from "../../spec/vmap/change.ts";
import type { Promises } from "../../spec/vmap/promises.ts";
import type { Cpu, Vpn } from "../../spec/vmap/vocabulary.ts";
import type { Lock, Simulation } from "../simulation.ts";

/** Waiters of a33fda35e3a7's queued spin locks spin each on a line of its own, on x86 from 4.2 on. */
const QUEUED_SINCE = versionOf("4.2") as Version;

/** vmap_zone_size, where there are several nodes (kernels/vmap/nodes.ts). */
const ZONE = 16;

export interface Locks {
  /** Where a search for space holds it, and a purge that releases space. */
  readonly space: Lock;
  /** Where an area is linked and looked for by its address: that of the space, where there is one for both. */
  busy(start: Vpn): Lock;
  /** Where a freed area is noted; undefined where a flag or a list without a lock does it. */
  lazy(start: Vpn): Lock | undefined;
  /** The pools of the CPU's node, from 6.9 on. */
  pools(cpu: Cpu): Lock | undefined;
  /** vmlist_lock: in 2.6.27 the only lock; then that of the list of vm_structs, until 3.10. */
  readonly vmlist: Lock | undefined;
  /** The shared line of vmap_lazy_nr. */
  readonly lazyNr: Lock;
  readonly purge: Lock;
  /** The index in which blocks are found. */
  index(start: Vpn): Lock;
}

/** The locks of a release in a simulated machine. */
export function locksOf(simulation: Simulation, { labels, freesLazily }: Promises, nodes: number): Locks {
  const label = labels[0] as string;
  const isQueued = compareReleases(versionOf(label) as Version, QUEUED_SINCE) >= 0;
  const spin = (name: string) =>
    simulation.lock(name, isQueued ? "queued_spin_lock_slowpath" : "_spin_lock", isQueued);
  const facts: Facts = factsOf(label);
  const space = spin(facts.areaLocks === "one" ? "vmap_area_lock" : "free_vmap_area_lock");
  const hasNodes = facts.lazyAreas === "on nodes";
  const each = (name: string, count: number) => {
    const locks = Array.from({ length: count }, (_none, number) => spin(`${name} ${number}`));
    return (number: number) => locks[number % count] as Lock;
  };
  const ofZone = (lock: (number: number) => Lock) => (start: Vpn) => lock(Math.floor(start / ZONE));
  const one = (lock: Lock) => () => lock;
  const hasVmlist = !freesLazily || facts.freeAgain === "bug";
  return {
    space,
    busy: hasNodes
      ? ofZone(each("vmap_node.busy.lock", nodes))
      : one(facts.areaLocks === "one" ? space : spin("vmap_area_lock")),
    lazy: hasNodes
      ? ofZone(each("vmap_node.lazy.lock", nodes))
      : facts.lazyAreas === "by address"
        ? one(spin("purge_vmap_area_lock"))
        : () => undefined,
    pools: hasNodes ? each("vmap_node.pool_lock", nodes) : () => undefined,
    vmlist: hasVmlist ? simulation.lock("vmlist_lock", "_write_lock", false) : undefined,
    lazyNr: simulation.lock("vmap_lazy_nr", "atomic", true),
    purge: simulation.lock("vmap_purge_lock", "purge lock", isQueued),
    index:
      facts.indexedOn === "one for all"
        ? one(spin("vmap_block_tree_lock"))
        : each("vmap_block_queue.vmap_blocks", simulation.cpus.length),
  };
}
