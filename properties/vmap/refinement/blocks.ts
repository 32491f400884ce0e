/** Views of the protocols of blocks and of the kernels. */

import { type Field, Layout } from "../../../engine/search/layout.ts";
import * as blocks from "../../../protocols/vmap/blocks/fields.ts";
import { type BlocksOrder, blocksMachine } from "../../../protocols/vmap/blocks/machine.ts";
import { areasAndLazy, type Dump, type DumpedBlock } from "../../../spec/vmap/kernel.ts";
import type { Promises } from "../../../spec/vmap/promises.ts";
import type { Offsets } from "../../../spec/vmap/vocabulary.ts";
import type { Abstraction, Answered, Ran, View } from "./compare.ts";
import { answerOf, list, memoryOf, numberIn, Places, pagesWith, placed, upTo } from "./places.ts";

/**
 * A map that finds no place for a new block: the protocol refuses it, but an allocation of the kernel first purges and
 * searches again. Only there, and only if there was something to purge.
 */
export function isCut({ kind }: View, _reply: View, responses: readonly Answered[]): boolean {
  return kind === "refused" && responses.some(({ flushes }) => flushes.length > 0);
}

export interface OfBlocks {
  readonly blocks: number;
  readonly pages: number;
}

export function ofBlocks(
  order: BlocksOrder,
  release: Promises,
  { blocks: count, pages }: OfBlocks,
): Abstraction {
  const scope = { cpus: 1, blocks: count, pages };
  const machine = blocksMachine("blocks", scope, order);
  const m = blocks.fieldsOf(new Layout(), scope, order.lazyPtes, false);
  const places = new Places(count, pages, release);
  const all = (field: (page: blocks.PageFields) => Field) => m.pages.map(field);
  return {
    machine,
    scope: places.scope({ blockPages: pages, bitsPerLong: Math.max(1, pages / 2), counts: [1] }),
    isCut,
    // A block may be used if half of it was never given out; the kernel requires a quarter.
    scaled: (rules) => ({
      ...rules,
      blocks: { ...rules.blocks, isLittleLeft: (all, given) => 2 * (all - given) < all },
    }),
    commandsOf: ({ says }) => {
      if (says === "vm_map_ram") return [[{ op: "mapRam", cpu: 0, count: 1 }]];
      if (says === "vm_unmap_aliases") return [[{ op: "unmapAliases" }]];
      if (says.startsWith("a purge begins")) return [[{ op: "drain" }]];
      const start = places.addressOf(numberIn(says));
      if (says.startsWith("vm_unmap_ram")) return [[{ op: "unmapRam", cpu: 0, start, count: 1 }]];
      if (says.startsWith("caches page")) return [[{ op: "touch", cpu: 0, page: start }]];
      throw new Error(`blocks: what is ${says}?`);
    },
    answer: (run) => {
      const flushes = run
        .filter(({ action }) => action.says.startsWith("flush_tlb_kernel_range"))
        .map(({ after }) => `[${m.rangeStart.get(after)},${m.rangeEnd.get(after)})`);
      return { ...mappedIn(run), flushes: list(flushes) };
    },
    reply: (response) => placed(answerOf(response, places), response, (start) => places.pageAt(start)),
    stateOf: (state) => ({
      blocks: m.blocks.map((block) => showBlock(block, state)).join("; "),
      lazy: `${pages * m.blocks.filter(({ life }) => life.get(state) === blocks.LAZY).length}`,
      ptes: pagesWith(
        all(({ pte }) => pte),
        state,
      ),
      held: pagesWith(
        all(({ live }) => live),
        state,
      ),
      "tlb 0": pagesWith(
        all(({ tlb }) => tlb[0] as Field),
        state,
      ),
    }),
    kernelStateOf: (state, kernel) => {
      const dump = kernel.dump(state);
      return {
        blocks: kernelBlocks(dump, places),
        lazy: `${dump.lazyPages}`,
        ...memoryOf(state, places, 1),
      };
    },
  };
}

function mappedIn(run: readonly Ran[]): View {
  const [{ action }, last] = [run[0] as Ran, run.at(-1) as Ran];
  if (action.says.startsWith("caches")) return { kind: "reached" };
  if (action.says !== "vm_map_ram") return { kind: "done" };
  const set = /sets the PTE of page (\d+)/.exec(last.action.says);
  return set === null ? { kind: "refused" } : { kind: "placed", at: `${set[1]}` };
}

const NO_BLOCK = "none";
const A_LAZY_AREA = "lazy";

function showBlock(block: blocks.BlockFields, state: Int32Array): string {
  const { life, free, dirty, dirtyMin, dirtyMax, listed } = block;
  const now = life.get(state);
  if (now !== blocks.STANDING) return now === blocks.NONE ? NO_BLOCK : A_LAZY_AREA;
  const range = { start: dirtyMin.get(state), end: dirtyMax.get(state) };
  return `${free.get(state)} free, ${dirty.get(state)} dirty ${rangeText(range)}${listed.get(state) ? ", listed" : ""}`;
}

const rangeText = ({ start, end }: Offsets) => (start < end ? `[${start},${end})` : "[)");

function kernelBlocks(dump: Dump, places: Places): string {
  const of = (place: number) => {
    const start = places.addressOf(place * places.size);
    const block = dump.blocks.find((each) => each.start === start);
    if (block !== undefined) return dumpedBlock(block);
    const lazy = areasAndLazy(dump).some((each) => each.lazy && each.start <= start && start < each.end);
    return lazy ? A_LAZY_AREA : NO_BLOCK;
  };
  return upTo(places.count).map(of).join("; ");
}

function dumpedBlock({ free, dirty, dirtyRange, dirtyRuns, onFreeList }: DumpedBlock): string {
  const runs = dirtyRuns ?? (dirtyRange === undefined ? [] : [dirtyRange]);
  const range = { start: runs[0]?.start ?? 0, end: runs.at(-1)?.end ?? 0 };
  return `${free} free, ${dirty} dirty ${rangeText(range)}${onFreeList === null ? "" : ", listed"}`;
}
