/**
 * The calls of a release as programs of the simulation. What a call walks, maps, clears and flushes is counted while
 * the kernel model answers it (kernels/vmap); which locks it holds meanwhile is said in locks.ts; how long each step
 * takes, in the costs. The model answers at once where a call begins, so that it is in the order of the calls.
 */
import { factsOf } from "../../kernels/changes.ts";
import { walked } from "../../kernels/structures/walked.ts";
import { MARKS } from "../../kernels/vmap/coverage-marks.ts";
import type { State } from "../../kernels/vmap/state.ts";
import type { Command, Response } from "../../spec/vmap/commands.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { fitsBlock, lazyMaxPages, type Scope, vmapNodes } from "../../spec/vmap/scope.ts";
import type { Cpu, Pages, Vpn } from "../../spec/vmap/vocabulary.ts";
import { type Costs, hardwareOf } from "../costs.ts";
import { type Lock, type Nanoseconds, Simulation, type Wait } from "../simulation.ts";
import { type Locks, locksOf } from "./locks.ts";

/** A part of a program. */
export type Steps<T = void> = Generator<Wait, T, number>;

/** Cache lines that a hold writes beside the lock: a descriptor, its two neighbours, and the PTEs. */
const LINES_OF_A_HOLD = 4;

/** What one call did, as counted in the model. */
interface Done {
  readonly response: Response;
  readonly tree: number;
  readonly list: number;
  readonly bitmap: number;
  /** Extents that a purge released. */
  readonly released: number;
  /** Descriptors of areas, and blocks, that it made, or freed if below 0. */
  readonly areas: number;
  readonly blocks: number;
  /** Pages that are no longer lazy. */
  readonly gathered: Pages;
}

const levels = (nodes: number): number => Math.ceil(Math.log2(Math.max(0, nodes) + 1));

export class Calls {
  readonly simulation: Simulation;
  readonly kernel: Kernel<State>;
  readonly state: State;
  readonly scope: Scope;
  readonly locks: Locks;
  readonly isEager: boolean;
  /** The moments, and the number of calls made until then, at which purges ended. */
  readonly purges: { readonly at: Nanoseconds; readonly maps: number }[] = [];
  maps = 0;
  flushes = 0;
  readonly #ns: Costs["nanoseconds"];
  readonly #facts: ReturnType<typeof factsOf>;
  /** Areas that callers hold. */
  #held = 0;

  constructor(kernel: Kernel<State>, scope: Scope, costs: Costs) {
    this.simulation = new Simulation(hardwareOf(costs), scope.cpus);
    this.kernel = kernel;
    this.scope = scope;
    this.state = kernel.initial(scope);
    this.locks = locksOf(this.simulation, kernel.release, vmapNodes(scope));
    this.isEager = !kernel.release.freesLazily;
    this.#ns = costs.nanoseconds;
    this.#facts = factsOf(kernel.release.labels[0] as string);
  }

  act(command: Command): Done {
    const { state } = this;
    const { tree, list, bitmap, released } = walked;
    const { lazyPages } = state;
    const { descriptors } = state.areas;
    const { count } = state.blocks;
    const response = this.kernel.act(state, command);
    if (response.kind === "bug" || response.kind === "hung")
      throw new Error(`${this.kernel.name}: ${command.op} is answered by ${response.kind}: ${response.text}`);
    return {
      response,
      tree: walked.tree - tree,
      list: walked.list - list,
      bitmap: walked.bitmap - bitmap,
      released: walked.released - released,
      areas: state.areas.descriptors - descriptors,
      blocks: state.blocks.count - count,
      gathered: lazyPages - state.lazyPages,
    };
  }

  /** vmap: an area of its own. */
  *vmap(cpu: Cpu, count: Pages): Steps<Vpn> {
    const { call, descriptor, listStep, pteSet } = this.#ns;
    yield { work: call, as: "vmap" };
    yield { work: this.isEager ? descriptor : 2 * descriptor, as: "kmalloc" };
    const { vmlist } = this.locks;
    let done: Done;
    if (this.isEager) {
      const others = yield { take: vmlist as Lock };
      done = this.act({ op: "vmap", count });
      yield { work: done.list * listStep + this.#moved(others, done.list), as: "__get_vm_area_node" };
      yield { release: vmlist as Lock };
    } else {
      done = this.act({ op: "vmap", count });
      yield* this.#allocates(cpu, done, count + 1);
      if (vmlist !== undefined)
        yield* this.#hold(vmlist, "insert_vmalloc_vm", (this.#live / 2) * listStep, this.#live / 2);
    }
    this.#held += 1;
    yield { work: (done.response.pteSet as number) * pteSet, as: "map_vm_area" };
    this.maps += 1;
    return startOf(done);
  }

  *vunmap(cpu: Cpu, start: Vpn): Steps {
    const { call, descriptor, listStep, pteClear } = this.#ns;
    const { vmlist } = this.locks;
    this.#held -= 1;
    if (this.isEager) {
      const others = yield { take: vmlist as Lock };
      const done = this.act({ op: "free", start });
      yield { work: done.list * listStep + this.#moved(others, done.list), as: "remove_vm_area" };
      yield { work: call + (done.response.pteCleared as number) * pteClear, as: "unmap_kernel_range" };
      yield* this.#flush();
      yield { release: vmlist as Lock };
      yield { work: descriptor, as: "kfree" };
      return;
    }
    yield { work: call, as: "vunmap" };
    const done = this.act({ op: "free", start });
    yield* this.#finds(start, done);
    if (vmlist !== undefined)
      yield* this.#hold(vmlist, "remove_vm_area", (this.#live / 2) * listStep, this.#live / 2);
    yield* this.#frees(cpu, start, done);
    yield { work: descriptor, as: "kfree" };
  }

  /** vm_map_ram: in a block of the CPU, or in an area. */
  *mapRam(cpu: Cpu, count: Pages): Steps<Vpn> {
    const { call, atomic, bitmapStep, descriptor, listStep, pteSet } = this.#ns;
    yield { work: call, as: "vm_map_ram" };
    const done = this.act({ op: "mapRam", cpu, count });
    if (fitsBlock(this.scope, count)) {
      yield { work: atomic + done.list * listStep, as: "vb_alloc" };
      if (done.bitmap > 0) yield { work: done.bitmap * bitmapStep, as: "bitmap_find_free_region" };
    }
    if (done.areas > 0 || done.blocks > 0) {
      yield { work: (1 + done.blocks) * descriptor, as: "kmalloc" };
      yield* this.#allocates(cpu, done, done.blocks > 0 ? this.scope.blockPages : count);
      if (done.blocks > 0)
        yield* this.#hold(this.locks.index(this.#blockNumber(startOf(done))), "new_vmap_block", 0, 1);
      else this.#held += 1;
    }
    yield { work: (done.response.pteSet as number) * pteSet, as: "vmap_page_range" };
    this.maps += 1;
    return startOf(done);
  }

  *unmapRam(cpu: Cpu, start: Vpn, count: Pages): Steps {
    const { call, atomic, bitmapStep, descriptor, pteClear } = this.#ns;
    yield { work: call, as: "vm_unmap_ram" };
    const done = this.act({ op: "unmapRam", cpu, start, count });
    if (!fitsBlock(this.scope, count)) {
      this.#held -= 1;
      yield* this.#finds(start, done);
      yield* this.#frees(cpu, start, done);
      return;
    }
    yield { work: atomic + bitmapStep, as: "vb_free" };
    if (done.blocks < 0) {
      yield* this.#hold(this.locks.index(this.#blockNumber(start)), "free_vmap_block", 0, 1);
      yield { work: descriptor, as: "kfree" };
      yield* this.#frees(cpu, start, done);
    } else if ((done.response.pteCleared as number) > 0) {
      yield { work: (done.response.pteCleared as number) * pteClear, as: "vunmap_page_range" };
    }
  }

  /** The CPU touches the pages: what its TLB has, it need not look up. */
  *touch(cpu: Cpu, start: Vpn, count: Pages): Steps {
    let misses = 0;
    for (let page = start; page < start + count; page++) {
      const { response } = this.act({ op: "touch", cpu, page });
      if (response.kind === "reached" && !response.hit) misses += 1;
    }
    const { tlbMiss, tlbHit } = this.#ns;
    yield { work: misses * tlbMiss + (count - misses) * tlbHit, as: "touch" };
  }

  /** A call that sweeps blocks and purges, such as vm_unmap_aliases or the pin of a frame. */
  *sweep(command: Command): Steps<Response> {
    const { call, hostTrap } = this.#ns;
    const done = this.act(command);
    const { response } = done;
    if (response.kind === "pinned" && response.traps > 0)
      yield { work: response.traps * hostTrap, as: "host" };
    if (response.kind !== "pinned" || response.swept) yield { work: call, as: "vm_unmap_aliases" };
    if (response.flushes.length > 0) yield* this.#purges(done);
    else yield { work: done.list * this.#ns.listStep, as: "vm_unmap_aliases" };
    return response;
  }

  /** Areas in use: those that callers hold, and those of blocks. */
  get #live(): number {
    return this.#held + this.state.blocks.count;
  }

  #blockNumber(page: Vpn): number {
    return Math.floor(page / this.scope.blockPages);
  }

  /** alloc_vmap_area: the search, and the insertion among busy areas. */
  *#allocates(cpu: Cpu, done: Done, size: Pages): Steps {
    const { locks } = this;
    if (done.response.flushes.length > 0) yield* this.#purges(done);
    const start = startOf(done);
    const pools = locks.pools(cpu);
    const isPooled = pools !== undefined && (this.state.marks & MARKS.placedFromPool) !== 0;
    if (pools !== undefined && size <= 256) yield* this.#hold(pools, "node_alloc", 0, 1);
    const insertion = this.#facts.search === "free space" ? levels(this.#live / this.#nodes()) : 0;
    if (locks.busy(start) === locks.space) {
      const steps = done.tree + insertion;
      yield* this.#descends(locks.space, "alloc_vmap_area", steps);
      return;
    }
    if (!isPooled) yield* this.#descends(locks.space, "alloc_vmap_area", done.tree);
    yield* this.#descends(locks.busy(start), "insert_vmap_area", insertion);
  }

  #nodes(): number {
    return this.#facts.lazyAreas === "on nodes" ? this.state.pools.nodes : 1;
  }

  /** find_vmap_area. Where no model walks it, the tree of busy areas is as deep as their number needs. */
  *#finds(start: Vpn, done: Done): Steps {
    const isPurged = done.response.flushes.length > 0;
    const hasTree = this.#facts.search !== "free space";
    const all = hasTree || this.#facts.lazyAreas === "listed" ? this.state.areas.descriptors : this.#live;
    const steps = hasTree && !isPurged ? done.tree : levels(all / this.#nodes());
    yield* this.#descends(this.locks.busy(start), "find_vmap_area", steps);
  }

  /** free_unmap_vmap_area: the PTEs, unless they stay until the purge; the area is lazy from now on. */
  *#frees(cpu: Cpu, start: Vpn, done: Done): Steps {
    const { pteClear } = this.#ns;
    const { locks } = this;
    if (!this.#facts.lazyPtes)
      yield { work: (done.response.pteCleared as number) * pteClear, as: "vunmap_page_range" };
    const lazy = locks.lazy(start);
    if (lazy !== undefined) {
      const steps = levels((this.state.areas.descriptors - this.#live) / this.#nodes());
      yield* this.#descends(lazy, "free_vmap_area_noflush", steps);
    }
    yield { take: locks.lazyNr };
    yield { release: locks.lazyNr };
    if (done.response.flushes.length === 0) return;
    if (this.#facts.worker) this.simulation.startWorker(cpu, this.#purges(done));
    else yield* this.#purges(done);
  }

  /** __purge_vmap_area_lazy. */
  *#purges(done: Done): Steps {
    const { listStep, pteClear, descriptor } = this.#ns;
    const { locks } = this;
    this.#mayPurge(false);
    yield { take: locks.purge };
    yield { work: done.list * listStep, as: "__purge_vmap_area_lazy" };
    if (this.#facts.lazyPtes)
      yield { work: (done.response.pteCleared as number) * pteClear, as: "vunmap_page_range" };
    for (const _each of done.response.flushes) yield* this.#flush();
    for (const steps of this.#releases(done)) yield* this.#descends(locks.space, "__free_vmap_area", steps);
    yield { work: Math.max(0, -done.areas) * descriptor, as: "kfree" };
    yield { release: locks.purge };
    this.purges.push({ at: this.simulation.now, maps: this.maps });
    this.#mayPurge(true);
  }

  /** The steps under each hold of a purge that releases: it may drop the lock after each extent. */
  *#releases({ released, tree, gathered }: Done): Iterable<number> {
    const { releases } = this.#facts;
    let left = releases === "at once" ? Math.min(1, released) : released;
    const each = tree / Math.max(1, left);
    while (left > 0) {
      // Only once less than twice the limit is lazy (68571be99f32): that many of the extents.
      const spare = Math.max(0, 2 * lazyMaxPages(this.scope) - this.state.lazyPages);
      const kept = left - Math.floor((spare * released) / gathered);
      const held = releases === "one by one below the threshold" ? Math.max(1, kept) : 1;
      yield held * each;
      left -= held;
    }
  }

  /** A free does not wait for a purge under way, and begins none beside it: it only tries the lock. */
  #mayPurge(may: boolean): void {
    Object.assign(this.state, { lazyMaxPages: may ? lazyMaxPages(this.scope) : Number.POSITIVE_INFINITY });
  }

  *#flush(): Steps {
    this.flushes += 1;
    yield { flushBelow: this.scope.cpus };
  }

  /** Work under a lock. `entries` of the structure that are walked may have been written by others. */
  *#hold(lock: Lock, as: string, work: Nanoseconds, entries: number): Steps {
    const others = yield { take: lock };
    yield { work: work + this.#moved(others, entries), as };
    yield { release: lock };
  }

  /** The way down a tree: nodes far from where others inserted and erased are in every cache. */
  *#descends(lock: Lock, as: string, steps: number): Steps {
    yield* this.#hold(lock, as, steps * this.#ns.treeStep, Math.min(steps, LINES_OF_A_HOLD));
  }

  /** What other CPUs have written since this one last held a lock must first come here. */
  #moved(others: number, entries: number): Nanoseconds {
    const { lineSameSocket, lineOtherSocket } = this.#ns;
    const line = this.simulation.sockets > 1 ? lineOtherSocket : lineSameSocket;
    return Math.min(others * LINES_OF_A_HOLD, entries + LINES_OF_A_HOLD) * line;
  }
}

function startOf({ response }: Done): Vpn {
  if (response.kind !== "placed") throw new Error(`an allocation is answered by ${response.kind}`);
  return response.start;
}
