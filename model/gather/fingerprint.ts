/** How an explorer distinguishes worlds: by all on which a later verdict, or what callers may do, depends. */
import { type Fingerprint, LIST_END } from "../../spec/fingerprint.ts";
import { COMMANDS, type Op } from "../../spec/gather/commands.ts";
import type { OpenGather, Removal } from "../../spec/gather/world.ts";
import type { State } from "./world.ts";

/** Removals are added in the order in which they were made: their numbers grow for ever. */
export function addWorld(world: State, to: Fingerprint): void {
  const place = new Map<number, number>();
  const isTouched = world.scope.calls.includes("touch");
  for (const [number, removal] of world.uncovered) {
    place.set(number, place.size);
    addRemoval(removal, world.unannounced.has(number), to);
    // To which bug a later walk is attributed depends on how the table was freed.
    // `flushedFirst` adds nothing: the kernel's state has the CPUs that keep a table, and a later flush takes it from them.
    if (isTouched) to.add(FREED.indexOf(removal.freed));
  }
  to.add(LIST_END);
  const covered = LIST_END - 1;
  for (const [pfn, { removal, g }] of ordered(world.waiting))
    to.addAll([pfn, g, place.get(removal) ?? covered]);
  to.add(LIST_END);
  for (const [id, { removal, g, queued }] of ordered(world.tables))
    to.addAll([id, g, place.get(removal) ?? covered, queued ? 1 : 0]);
  to.add(LIST_END);
  for (const [addr, { removal, g, pfn = LIST_END }] of ordered(world.entries))
    to.addAll([addr, g, pfn, place.get(removal) ?? covered]);
  to.add(LIST_END);
  for (const [, gather] of ordered(world.gathers)) addGather(gather, to);
  to.add(LIST_END);
  to.addAll([world.users, world.pending, world.failing ? 1 : 0, world.asceLimit]);
  for (const [addr, pfn] of ordered(world.ptes)) to.addAll([addr, pfn]);
  to.add(LIST_END);
  for (const set of [world.linked, world.drivers, world.unshared]) to.addList(ascending(set));
  for (const [pfn, how] of ordered(world.freed)) to.addAll([pfn, how === "free" ? 0 : 1]);
  to.add(LIST_END);
  for (const how of world.loaded) to.add(LOADED.indexOf(how));
  for (const [cpu, table] of ordered(world.walkers)) to.addAll([cpu, table]);
  to.add(LIST_END);
}

const OPS = Object.keys(COMMANDS) as Op[];
const LOADED: readonly string[] = ["active", "lazy", "none"];
const FREED: readonly Removal["freed"][] = [undefined, "at once", "after an IPI", "by a callback"];
const VMAS: readonly string[] = ["none", "pages", "frames"];

const ascending = (set: ReadonlySet<number>): number[] => [...set].sort((a, b) => a - b);

const ordered = <V>(map: ReadonlyMap<number, V>): [number, V][] => [...map].sort(([a], [b]) => a - b);

function addRemoval(
  { addr, end, level, g, table = LIST_END, ofFrame, missedIn }: Removal,
  alone: boolean,
  to: Fingerprint,
): void {
  to.addAll([addr, end, level, g, table, ofFrame ? 1 : 0, alone ? 1 : 0]);
  // To which bug a later touch is attributed depends on the call that missed it.
  to.add(missedIn === undefined ? 0 : 1 + OPS.indexOf(missedIn));
}

function addGather(gather: OpenGather, to: Fingerprint): void {
  const { g, start, end, levels, batches, vma, frames } = gather;
  to.addAll([g, start, end, levels, batches.length, VMAS.indexOf(vma)]);
  const { fullmm, flushedFirst, removed, tables, freesTables, ended, vmasFreed, mustFlush } = gather;
  const { lazy, locked, migrated } = gather;
  const flags = [
    fullmm,
    flushedFirst,
    removed,
    tables,
    freesTables,
    ended,
    vmasFreed,
    mustFlush,
    lazy,
    locked,
    migrated,
  ];
  to.addAll([flags.reduce((bits, flag) => bits * 2 + (flag ? 1 : 0), 0), ...frames, LIST_END]);
}
