/** vm_map_ram of one page: vb_alloc from the list, or a new block. */
import { has } from "../../engine/conditions.ts";
import { IDLE, type Step } from "../program.ts";
import { allOf, type BlockFields, type Blocks, type CpuFields, NONE, STANDING } from "./fields.ts";

/** The phases of a map that has begun and not returned. */
export const MAPPING: readonly string[] = ["vb_alloc", "vmap_page_range"];

const givesPages = ({ listed, free }: BlockFields, state: Int32Array) =>
  listed.get(state) === 1 && free.get(state) > 0;
const firstThatGives = ({ blocks }: Blocks, state: Int32Array) =>
  blocks.find((block) => givesPages(block, state));
const firstFreePlace = ({ blocks }: Blocks, state: Int32Array) =>
  blocks.find(({ life }) => life.get(state) === NONE);

/** Takes the next page of a block, under its lock; the last one takes it off the list. */
function takePage({ scope }: Blocks, cpu: CpuFields, block: BlockFields, state: Int32Array): void {
  const left = block.free.get(state) - 1;
  cpu.page.set(state, block.first + scope.pages - left);
  block.free.set(state, left);
  if (left === 0) block.listed.set(state, 0);
}

/** A block is placed, initialised, put into the index and on the list. */
function makeBlock({ scope }: Blocks, block: BlockFields, state: Int32Array): void {
  block.life.set(state, STANDING);
  block.free.set(state, scope.pages);
  block.listed.set(state, 1);
  block.indexed.set(state, 1);
}

/** What both kinds of vb_alloc begin with, and how every map ends. */
function takeAndMap(m: Blocks, cpu: CpuFields): Step[] {
  const everyBlock = m.blocks.flatMap(allOf);
  return [
    { at: IDLE, says: "vm_map_ram", to: "vb_alloc" },
    {
      at: "vb_alloc",
      says: "takes a page of a block on the list",
      to: "vmap_page_range",
      guard: (state) => firstThatGives(m, state) !== undefined,
      does: (state) => takePage(m, cpu, firstThatGives(m, state) as BlockFields, state),
      reads: everyBlock,
      writes: [...m.blocks.flatMap(({ free, listed }) => [free, listed]), cpu.page],
    },
    {
      at: "vb_alloc",
      says: "finds no place for a new block: refused",
      to: IDLE,
      guard: (state) => firstThatGives(m, state) === undefined && firstFreePlace(m, state) === undefined,
      reads: everyBlock,
    },
    ...m.blocks.flatMap((block) =>
      Array.from({ length: m.scope.pages }, (_none, at) => block.first + at).map((page) => ({
        at: "vmap_page_range",
        says: `sets the PTE of page ${page}`,
        to: IDLE,
        when: [has(cpu.page, page + 1)],
        does: (state: Int32Array) => {
          m.ptes.set(state, m.ptes.get(state) | (1 << page));
          m.live.set(state, m.live.get(state) | (1 << page));
          cpu.page.set(state, 0);
        },
        reads: [m.ptes, m.live],
        writes: [m.ptes, m.live, cpu.page],
      })),
    ),
  ];
}

function newBlock(m: Blocks, cpu: CpuFields, says: string, to: string, takes: boolean): Step {
  return {
    at: "vb_alloc",
    says,
    to,
    guard: (state) => firstThatGives(m, state) === undefined && firstFreePlace(m, state) !== undefined,
    does: (state) => {
      const block = firstFreePlace(m, state) as BlockFields;
      makeBlock(m, block, state);
      if (takes) takePage(m, cpu, block, state);
    },
    reads: m.blocks.flatMap(allOf),
    writes: [...m.blocks.flatMap(allOf), cpu.page],
  };
}

/** From 4.1 on (cf725ce274ba): a block is born with the page that it was made for taken. */
export const mapBornTaken = (m: Blocks, cpu: CpuFields): Step[] => [
  ...takeAndMap(m, cpu),
  newBlock(m, cpu, "new_vmap_block: its first page taken, listed", "vmap_page_range", true),
];

/** To 4.0: an empty block is put on the list, and the search begins again. */
export const mapSearchingAgain = (m: Blocks, cpu: CpuFields): Step[] => [
  ...takeAndMap(m, cpu),
  newBlock(m, cpu, "new_vmap_block: empty, listed; searches again", "vb_alloc", false),
];
