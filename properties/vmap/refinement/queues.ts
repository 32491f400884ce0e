/**
 * Views of the protocols of queues and of the kernels: pages are counted, and blocks are in the order of their queue.
 */

import { type Field, Layout } from "../../../engine/search/layout.ts";
import { frameOf } from "../../../kernels/hardware/page-map.ts";
import type { State } from "../../../kernels/vmap/state.ts";
import type { StepAction } from "../../../protocols/program.ts";
import * as locks from "../../../protocols/vmap/queues/locks/fields.ts";
import { type LocksOrder, locksMachine } from "../../../protocols/vmap/queues/locks/machine.ts";
import * as walks from "../../../protocols/vmap/queues/walks/fields.ts";
import { type WalksOrder, walksMachine } from "../../../protocols/vmap/queues/walks/machine.ts";
import type { Command } from "../../../spec/vmap/commands.ts";
import { areasAndLazy, type Kernel } from "../../../spec/vmap/kernel.ts";
import type { Promises } from "../../../spec/vmap/promises.ts";
import { isCut, type OfBlocks } from "./blocks.ts";
import type { Abstraction, Answered, Ran, View } from "./compare.ts";
import { list, numberIn, Places, placed, upTo } from "./places.ts";

/** What the two families have in common: all but their states. */
function ofQueues(places: Places, lazyMaxPages: number): Omit<Abstraction, "machine" | "stateOf"> {
  const { count, size } = places;
  return {
    scope: places.scope({ blockPages: size, bitsPerLong: Math.max(1, size / 2), counts: [1], lazyMaxPages }),
    isCut,
    commandsOf: (begin, state) => commandsOf(begin, state, places),
    answer: (run) => answer(run),
    reply: (response: Answered) =>
      placed({ kind: response.kind }, response, (start) => Math.floor(places.pageAt(start) / size)),
    kernelStateOf: (state, kernel) => kernelStateOf(state, kernel, places, count),
  };
}

/** A page that is unmapped is any that a caller holds in the block. */
function commandsOf(
  { says }: StepAction,
  { memory }: State,
  places: Places,
): readonly (readonly Command[])[] {
  if (says === "vm_map_ram") return [[{ op: "mapRam", cpu: 0, count: 1 }]];
  if (says.startsWith("vm_unmap_aliases")) return [[{ op: "unmapAliases" }]];
  if (!says.startsWith("vm_unmap_ram")) throw new Error(`queues: what is ${says}?`);
  const first = numberIn(says) * places.size;
  return upTo(places.size)
    .map((page) => places.addressOf(first + page))
    .filter((page) => frameOf(memory.held, page) !== 0)
    .map((start) => [{ op: "unmapRam", cpu: 0, start, count: 1 }]);
}

/** The block that gave a map its page: the one it took it from, or made. */
function answer(run: readonly Ran[]): View {
  if (run[0]?.action.says !== "vm_map_ram") return { kind: "done" };
  const says = run.map(({ action }) => action.says);
  if (says.some((each) => each.includes("refused"))) return { kind: "refused" };
  const taken = says.findLast((each) => /^(takes a page|takes the last page|makes block)/.test(each));
  return { kind: "placed", at: `${numberIn(taken ?? "")}` };
}

const shown = (free: number, dirty: number) => `${free} free, ${dirty} dirty`;

function kernelStateOf(state: State, kernel: Kernel<State>, places: Places, count: number): View {
  const dump = kernel.dump(state);
  const numberOf = (start: number) => Math.floor(places.pageAt(start) / places.size);
  const of = (place: number) => {
    const start = places.addressOf(place * places.size);
    const block = dump.blocks.find((each) => each.start === start);
    if (block !== undefined) return shown(block.free, block.dirty);
    return areasAndLazy(dump).some((each) => each.start <= start && start < each.end) ? "lazy" : "none";
  };
  return {
    blocks: upTo(count).map(of).join("; "),
    queue: list((dump.freeLists[0] ?? []).map((start) => numberOf(start))),
  };
}

/** The blocks to which the links of a queue lead, up to the head. */
function queueFrom(
  first: Field,
  head: number,
  nextOf: (here: number) => Field,
  numberOf: (here: number) => number,
) {
  return (state: Int32Array) => {
    const found: number[] = [];
    for (let here = first.get(state); here !== head; here = nextOf(here).get(state)) {
      if (found.length > 8) throw new Error("a queue goes round and round");
      found.push(numberOf(here));
    }
    return list(found);
  };
}

export function ofWalks(
  order: WalksOrder,
  release: Promises,
  { blocks: count, pages }: OfBlocks,
): Abstraction {
  const scope = { cpus: 1, blocks: count, pages };
  const m = walks.fieldsOf(new Layout(), scope);
  const queue = queueFrom(
    m.first,
    walks.HEAD,
    (here) => (m.blocks[here - 1] as walks.BlockFields).next,
    (here) => here - 1,
  );
  const show = ({ memory, area, free, dirty }: walks.BlockFields, state: Int32Array) => {
    if (memory.get(state) === walks.STANDING) return shown(free.get(state), dirty.get(state));
    return area.get(state) === walks.NO_AREA ? "none" : "lazy";
  };
  return {
    ...ofQueues(new Places(count, pages, release), 48),
    machine: walksMachine("walks", scope, order),
    stateOf: (state) => ({
      blocks: m.blocks.map((block) => show(block, state)).join("; "),
      queue: queue(state),
    }),
  };
}

/** Areas are purged at once: an address is given out again as soon as its block is gone. */
export function ofLocks(
  order: LocksOrder,
  release: Promises,
  { blocks: count, pages }: OfBlocks,
): Abstraction {
  const scope = { cpus: 1, blocks: count, pages };
  const m = locks.fieldsOf(new Layout(), scope);
  const head = m.queues[0] as locks.QueueFields;
  const queue = queueFrom(
    head.next,
    head.here,
    (here) => (m.blocks[here - 1] as locks.BlockFields).next,
    (here) => here - 1,
  );
  const show = ({ life, free, dirty }: locks.BlockFields, state: Int32Array) =>
    life.get(state) === locks.STANDING ? shown(free.get(state), dirty.get(state)) : "none";
  return {
    ...ofQueues(new Places(count, pages, release), 0),
    // Blocks have a page left, and are large: a fragmented one has too little left to be kept.
    scaled: (rules) => ({ ...rules, blocks: { ...rules.blocks, isLittleLeft: () => true } }),
    machine: locksMachine("locks", scope, order),
    stateOf: (state) => ({
      blocks: m.blocks.map((block) => show(block, state)).join("; "),
      queue: queue(state),
    }),
  };
}
