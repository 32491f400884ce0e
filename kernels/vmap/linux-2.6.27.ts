/**
 * 2.6.27, "vanilla" in the table of db64fe02: one sorted list under one lock, walked from its head for the first
 * fit; a guard page at the end of every area; a free unmaps and flushes at once. The branch that finds a hole
 * before another area does not look at the window's end (E1). Behaviour: recordings `2.6.27`.
 */
import type { Alloc, Command, Vmap } from "../../spec/vmap/commands.ts";
import type { Dump, Kernel } from "../../spec/vmap/kernel.ts";
import { releaseOf } from "../../spec/vmap/releases.ts";
import type { Pages, Vpn } from "../../spec/vmap/vocabulary.ts";
import {
  aliasReport,
  endHold,
  flushCacheVunmap,
  flushTlbKernelRange,
  mapRange,
  touch,
  unmapRange,
} from "../hardware/memory.ts";
import { alwaysListed } from "./area-index.ts";
import { giveBackDescriptor, listed, listInsertAfter, listRemove, NONE, takeDescriptor } from "./areas.ts";
import { kernelOf, type Result } from "./kernel.ts";
import { pin, unpin } from "./pinning.ts";
import { initialState, type State, takeTurn } from "./state.ts";
import { warnOfNoArea } from "./unmap-calls.ts";
import { add, align, subtract } from "./word-arithmetic.ts";

/** VM_IOREMAP, the one flag a dump of this kernel shows. */
const IOREMAP = 1;
/** The guard page at the end of every area. */
const GUARD: Pages = 1;

/** A hole, and the area behind which the new one is linked (NONE: at the head). */
interface Hole {
  readonly addr: Vpn;
  readonly behind: number;
}

/** The tests a repair replaces. */
interface ListRules {
  /** Whether a hole that ends before another area may be used; the one behind the last is always tested. */
  holeAllowed(addr: Vpn, length: Pages, request: Alloc): boolean;
  /** How an address is brought to the alignment: the kernel's own wraps. */
  readonly align: typeof align;
  /** The last address at which an area of this length may start: the kernel's own goes below 0 and wraps. */
  lastStart(word: Pages, vend: Vpn, length: Pages): Vpn;
}

export const rules2_6_27: ListRules = { holeAllowed: () => true, align, lastStart: subtract };

/** A kernel of this form, named after the release unless it is a changed one. */
export function listKernel(rules: ListRules, name?: string): Kernel<State> {
  return kernelOf({
    release: releaseOf("2.6.27"),
    name,
    paths: [],
    answer: (state, command) => answer(state, command, rules),
    dump,
    initial: initialState,
    areas: { busy: alwaysListed, isLazy: () => false, readsTree: false },
  });
}

export const linux2_6_27 = listKernel(rules2_6_27);

function answer(state: State, command: Command, rules: ListRules): Result {
  switch (command.op) {
    case "alloc":
      return alloc(state, command, rules);
    case "find":
      return { kind: "found", start: find(state, command.page) };
    case "vmap":
      return vmap(state, command, rules);
    case "free":
      free(state, command.start);
      return { kind: "done" };
    // There is nothing lazy to purge, and no vm_unmap_aliases() yet.
    case "purge":
      return { kind: "done" };
    case "unmapAliases":
    case "tlb":
      return { kind: "done", aliases: aliasReport(state) };
    // Blocks, and what lazy unmapping asks of others, came with 2.6.28.
    case "mapRam":
    case "unmapRam":
    case "init":
    // No pcpu_get_vm_areas yet (ca23e405e06d, 2.6.32).
    case "pcpuGet":
    case "pcpuFree":
      return { kind: "refused" };
    case "pin":
      return pin(state, () => {});
    case "unpin":
      unpin(state, command.frame);
      return { kind: "done" };
    case "touch":
      return { kind: "reached", ...touch(state, command) };
  }
}

/** __get_vm_area_node. */
function alloc(state: State, request: Alloc, rules: ListRules): Result {
  const { areas, word } = state;
  if (request.size === 0) return { kind: "refused" };
  const length = request.size + GUARD;
  const hole = search(state, request, length, rules);
  if (hole === undefined) return { kind: "refused" };
  const start = hole.addr;
  const slot = takeDescriptor(areas);
  areas.start[slot] = start;
  areas.end[slot] = add(word, start, length);
  areas.flags[slot] = request.ioremap ? IOREMAP : 0;
  listInsertAfter(areas, slot, hole.behind);
  if (!request.map) return { kind: "placed", start, mapStopped: false };
  const mapped = mapRange(state, start, add(word, start, request.size), request.size);
  return { kind: "placed", start, mapStopped: mapped === "stopped" };
}

/** vmap: there is no flag yet that leaves the guard page out. Its frames are taken even if it is refused. */
function vmap(state: State, { count }: Vmap, rules: ListRules): Result {
  if (count === 0) return { kind: "refused" };
  const result = alloc(
    state,
    { op: "alloc", size: count, align: 1, ...state.scope.vmalloc, map: true },
    rules,
  );
  if (result.kind === "refused") state.memory.nextFrame += count;
  if (result.kind !== "placed" || !result.mapStopped) return result;
  free(state, result.start);
  return { kind: "refused" };
}

function search(state: State, request: Alloc, length: Pages, rules: ListRules): Hole | undefined {
  const { areas, word } = state;
  const lastStart = rules.lastStart(word, request.vend, length);
  let addr = rules.align(word, request.vstart, request.align);
  let behind = NONE;
  for (const slot of listed(areas)) {
    takeTurn(state, "__get_vm_area_node");
    const start = areas.start[slot] as number;
    const end = areas.end[slot] as number;
    if (start < addr) {
      if (end >= addr) addr = rules.align(word, end, request.align);
    } else {
      if (add(word, addr, length) < addr) return undefined;
      if (add(word, addr, length) <= start && rules.holeAllowed(addr, length, request)) {
        return { addr, behind };
      }
      addr = rules.align(word, end, request.align);
      if (addr > lastStart) return undefined;
    }
    behind = slot;
  }
  if (add(word, addr, length) < addr || addr > lastStart) return undefined;
  return { addr, behind };
}

/** remove_vm_area: unmaps, flushes every TLB for it and releases it, all before it returns. */
function free(state: State, addr: Vpn): void {
  const { areas } = state;
  for (const slot of listed(areas)) {
    if (areas.start[slot] !== addr) continue;
    const end = areas.end[slot] as number;
    endHold(state, addr, end);
    flushCacheVunmap(state, addr, end);
    unmapRange(state, addr, end);
    flushTlbKernelRange(state, addr, end);
    listRemove(areas, slot);
    giveBackDescriptor(areas, slot);
    return;
  }
  warnOfNoArea(state);
}

/** find_vm_area: an area by its first page; nothing else finds one in this release. */
function find({ areas }: State, page: Vpn): Vpn | null {
  for (const slot of listed(areas)) if (areas.start[slot] === page) return page;
  return null;
}

function dump(state: State): Dump {
  const { areas } = state;
  return {
    areas: Array.from(listed(areas), (slot) => ({
      start: areas.start[slot] as number,
      end: areas.end[slot] as number,
      flags: areas.flags[slot] as number,
      lazy: false,
    })),
    lazyPages: undefined,
    cache: undefined,
    blocks: [],
    freeLists: [],
  };
}
