/** The world after a command and its reply. */
import type { Spec } from "../../spec/contract.ts";
import type { Command } from "../../spec/gather/commands.ts";
import type { Promises } from "../../spec/gather/releases.ts";
import type { Response } from "../../spec/gather/response.ts";
import type { Scope } from "../../spec/gather/scope.ts";
import {
  ABOVE,
  type Addr,
  CLEARED,
  levelOf,
  mappedBy,
  PAGE,
  PUD,
  TABLE_PAGES,
  type TableLevel,
  TOP,
} from "../../spec/gather/vocabulary.ts";
import type { OpenGather, Removal } from "../../spec/gather/world.ts";
import { follow, remove, waitFor, type Zapped } from "./events.ts";
import { Draft, initialWorld, type State } from "./world.ts";

export function after(before: State, command: Command, response: Response): State {
  const draft = new Draft(before);
  if (response.refused !== undefined) return draft.done();
  const zapped = asked(draft, command);
  follow(draft, command, response.events, zapped);
  answered(draft, command, response);
  return draft.done();
}

/** What a command does before its reply. Returns the pages that its events remove one after another. */
function asked(draft: Draft, command: Command): Zapped | undefined {
  const { scope } = draft.before;
  const { next } = draft;
  switch (command.op) {
    case "gather":
      draft
        .own("gathers")
        .set(command.g, opened(command.g, command.start, command.end, command.fullmm === true));
      return undefined;
    case "startVma":
      draft.change(command.g, { vma: command.pfnmap ? "frames" : "pages", vmasFreed: false });
      return undefined;
    case "endVma":
      draft.change(command.g, { vma: "none", ended: true });
      return undefined;
    case "freeVmas":
      draft.change(command.g, { vmasFreed: true });
      return undefined;
    case "flush":
      draft.change(command.g, { mustFlush: false });
      return undefined;
    case "migrate":
      draft.change(command.g, { migrated: true });
      return undefined;
    case "failAlloc":
      next.failing = command.n > 0;
      return undefined;
    case "removeEntry":
      if (scope.arch !== "ppc64") removeEntries(draft, command);
      return undefined;
    case "hpte":
      for (let nth = 0; nth < (command.n ?? 1); nth++)
        clearEntry(draft, command.g, command.addr + nth * PAGE, PAGE, CLEARED.pte);
      return undefined;
    case "removePage":
      removePage(draft, command, command.pfn, command.addr, command.npages);
      return undefined;
    case "removeFolio":
      for (let nth = 0; nth < command.n; nth++)
        removePage(draft, command, command.pfn + nth, command.addr + nth * PAGE);
      return undefined;
    case "zap":
      return { addr: command.addr, pfn: command.pfn, n: command.n, done: 0 };
    case "freeTable":
      removeTable(draft, command.g, command.level, command.id, command.addr);
      return undefined;
    case "unshare": {
      const addr = command.addr - (command.addr % PUD);
      remove(draft, { addr, end: addr + PUD, level: CLEARED.pmd, g: command.g });
      next.unshared = new Set([...draft.before.unshared, command.id]);
      return undefined;
    }
    case "pending":
      next.pending = draft.before.pending + command.delta;
      return undefined;
    case "users":
      next.users = command.n;
      return undefined;
    case "asceLimit":
      next.asceLimit = command.size;
      return undefined;
    case "lazy":
      draft.change(command.g, { lazy: command.on === true, locked: true });
      return undefined;
    case "unlock":
      draft.change(command.g, { locked: false });
      return undefined;
    case "collapse":
      removeTable(draft, -1, "pte", command.table, command.addr);
      return undefined;
    default:
      observed(draft, command);
      return undefined;
  }
}

/** What the rest of the machine does. */
function observed(draft: Draft, command: Command): void {
  const { before, next } = draft;
  switch (command.op) {
    case "insert":
      draft.own("ptes").set(command.addr, command.pfn);
      draft.own("freed").delete(command.pfn);
      return;
    case "load":
      next.loaded = before.loaded.with(command.cpu, command.how);
      return;
    case "walk": {
      const walkers = new Map(before.walkers);
      if (command.table === undefined) walkers.delete(command.cpu);
      else walkers.set(command.cpu, command.table);
      next.walkers = walkers;
      return;
    }
    case "reuse":
    case "driverFree":
      draft.own("freed").set(command.pfn, "someone else's");
      if (command.op === "driverFree") draft.ownSet("drivers").delete(command.pfn);
      return;
    case "unlink": {
      const { frames = [] } = draft.gather(command.g) ?? {};
      for (const pfn of frames) draft.ownSet("drivers").add(pfn);
      draft.change(command.g, { frames: [], ended: false, vmasFreed: false });
      return;
    }
    default:
  }
}

function opened(g: number, start: Addr, end: Addr, fullmm: boolean): OpenGather {
  return {
    g,
    start: fullmm ? 0 : start,
    end: fullmm ? TOP : end,
    fullmm,
    flushedFirst: false,
    removed: false,
    levels: 0,
    tables: false,
    batches: [],
    vma: "none",
    freesTables: false,
    frames: [],
    ended: false,
    vmasFreed: false,
    mustFlush: false,
    lazy: false,
    locked: false,
    migrated: false,
  };
}

function removeEntries(draft: Draft, command: Extract<Command, { op: "removeEntry" }>): void {
  const { g, level, addr, n = 1, size = PAGE } = command;
  const { sizes } = draft.before.promises;
  const each = mappedBy(level, size);
  for (let nth = 0; nth < n; nth++)
    clearEntry(draft, g, addr + nth * each, sizes ? each : PAGE, levelOf(each));
}

function clearEntry(draft: Draft, g: number, addr: Addr, size: number, level: number): void {
  const gather = draft.gather(g);
  const pfn = draft.next.ptes.get(addr);
  if (draft.next.ptes.has(addr)) draft.own("ptes").delete(addr);
  const removal: Removal = { addr, end: addr + size, level, g };
  if (gather?.vma === "frames" && pfn !== undefined) {
    // No page comes: the frame is its driver's.
    remove(draft, { ...removal, ofFrame: true });
    draft.change(g, { frames: [...gather.frames, pfn] });
  } else draft.own("entries").set(addr, { removal: remove(draft, removal), g, pfn });
}

/** A page comes after its entry. If no entry was removed, it counts from now on. */
function removePage(draft: Draft, { g }: { readonly g: number }, pfn: number, addr: Addr, pages = 1): void {
  let removal = draft.next.entries.get(addr)?.removal;
  if (removal === undefined) {
    removal = removeUnannounced(draft, { addr, end: addr + pages * PAGE, level: 0, g });
    if (draft.next.ptes.has(addr)) draft.own("ptes").delete(addr);
  } else draft.own("entries").delete(addr);
  waitFor(draft, pfn, g, removal);
}

function removeUnannounced(draft: Draft, removal: Removal): number {
  const number = remove(draft, removal);
  draft.ownSet("unannounced").add(number);
  return number;
}

function removeTable(draft: Draft, g: number, level: TableLevel, id: number, addr: Addr): void {
  const { scope, asceLimit } = draft.before;
  const { arch } = scope;
  if (
    arch === "s390" &&
    ((level === "pmd" && asceLimit <= 2 ** 31) || (level === "pud" && asceLimit <= 2 ** 42))
  )
    return;
  const removal = remove(draft, { addr, end: addr + PAGE, level: ABOVE[level], g, table: id });
  const asPage = scope.tables === "page" || draft.before.promises.perCpu;
  if (asPage && arch !== "s390" && arch !== "ppc64") waitFor(draft, TABLE_PAGES + id, g, removal);
  else draft.own("tables").set(id, { removal, g, queued: false });
  draft.change(g, { freesTables: true });
  if (draft.next.linked.has(id)) draft.ownSet("linked").delete(id);
}

/** What is judged once all events are known. */
function answered(draft: Draft, command: Command, response: Response): void {
  switch (command.op) {
    case "gather":
      // s390 flushes first where nothing else uses the mm.
      if (response.events.some(({ kind }) => kind === "flush")) {
        draft.change(command.g, { flushedFirst: true });
        draft.found.idle = 0;
      }
      return;
    case "finish":
      finished(draft, command.g, command.start, command.end);
      return;
    case "endVma":
      // Where vmas end tables are yet to be freed; these were freed too soon, and are no longer noted in the gather.
      for (const { g, removal, queued } of draft.next.tables.values()) {
        if (g === command.g && !queued && !draft.next.uncovered.has(removal))
          draft.ownSet("unannounced").add(removal);
      }
      return;
    case "rcuRun":
      // A walker keeps the grace period waiting.
      for (const [id, { queued }] of draft.next.tables)
        if (queued && draft.before.walkers.size === 0) draft.found.lost.push(id);
      return;
    case "removePage":
    case "removeFolio":
    case "zap":
    case "freeTable":
      if (isStuck(command, response)) draft.found.stuck = true;
      if (isOver(draft, command.g)) draft.found.over = true;
      if (response.full === true) draft.change(command.g, { mustFlush: true });
      return;
    case "unlink":
      for (const removal of draft.next.uncovered.values())
        if (removal.ofFrame) draft.found.stale.push(removal);
      return;
    case "insert":
      // An entry of the hash table that is still to be invalidated, and a new one for the same address.
      for (const removal of draft.next.uncovered.values()) {
        const isHere = removal.addr === command.addr && removal.table === undefined;
        if (isHere && draft.before.scope.arch === "ppc64") draft.found.stale.push(removal);
      }
      return;
    case "lazy":
    case "unlock":
      if (command.op === "unlock" || !command.on) {
        for (const [number, removal] of draft.next.uncovered)
          if (removal.g === command.g && !draft.next.unannounced.has(number)) draft.found.stale.push(removal);
      }
      return;
    default:
  }
}

/** An allocation of pages failed, and the gather neither says that it is full nor freed anything. */
function isStuck(command: Command, { events, full }: Response): boolean {
  const failed = events.findIndex((event) => event.kind === "allocFail" && event.what === "pages");
  if (failed < 0 || full === true) return false;
  if (command.op === "removePage" && command.raw) return true;
  return !events.slice(failed).some(({ kind }) => kind === "pages");
}

/** Whether more waits in a gather than it may have. */
function isOver(draft: Draft, owner: number): boolean {
  const { promises, scope } = draft.before;
  // Batches, not pages: a run of pages of a folio takes two entries, however long it is.
  if (!promises.perCpu) return (draft.gather(owner)?.batches.length ?? 0) > scope.limits.batches;
  let waiting = 0;
  for (const { g } of draft.next.waiting.values()) if (g === owner) waiting += 1;
  return waiting > scope.limits.array;
}

function finished(draft: Draft, g: number, start: Addr, end: Addr): void {
  const gather = draft.gather(g);
  if (gather === undefined) return;
  const from = gather.fullmm ? 0 : start;
  const to = gather.fullmm ? TOP : end;
  for (const [number, removal] of draft.next.uncovered) {
    if (draft.next.unannounced.has(number)) continue;
    if (removal.g === g) draft.found.missed.push(removal);
    if (removal.addr < to && from < removal.end) draft.found.stale.push(removal);
  }
  for (const [pfn, { removal, g: owner }] of draft.next.waiting) {
    if (owner === g && !draft.next.unannounced.has(removal)) draft.found.lost.push(pfn);
  }
  loseTables(draft, g);
  for (const id of gather.batches) if (draft.next.batchPages.has(id)) draft.found.lost.push(id);
  for (const [addr, entry] of draft.next.entries) if (entry.g === g) draft.own("entries").delete(addr);
  draft.own("gathers").delete(g);
}

/** Tables that a finished gather still holds: nothing will free them. They are reported once. */
function loseTables(draft: Draft, g: number): void {
  for (const [id, { removal, g: owner, queued }] of draft.next.tables) {
    if (owner !== g || queued) continue;
    draft.own("tables").delete(id);
    if (!draft.next.unannounced.has(removal)) draft.found.lost.push(id);
  }
}

export type GatherSpec = Spec<Scope, State, Command, Response>;

export function gatherSpec(promises: Promises): GatherSpec {
  return { initial: (scope) => initialWorld(scope, promises), enabled: () => [], after };
}
