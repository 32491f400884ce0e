/** vm_map_ram of one page: vb_alloc from the list, or a new block. */
import { type Operations, sets } from "../../../engine/operations.ts";
import { has, hasNot } from "../../../engine/reduce/conditions.ts";
import { IDLE, type Step } from "../../program.ts";
import { type BlockFields, type Blocks, type CpuFields, NONE, type PageFields, STANDING } from "./fields.ts";
import { isInUse, nothingMapped, onlyOurs } from "./redundant-guards.ts";

/** The phases of a map between its begin and its return. */
export const MAPPING: readonly string[] = ["vb_alloc", "vmap_page_range"];

/** No block before the given one is on the list; without one, none is. (The list has the blocks with free pages.) */
const noneListed = ({ blocks }: Blocks, before = blocks.length) =>
  blocks.slice(0, before).map(({ listed }) => has(listed, 0));
/** No place before the given one is free for a new block; without one, none is. */
const nonePlaced = ({ blocks }: Blocks, before = blocks.length) =>
  blocks.slice(0, before).map(({ life }) => hasNot(life, NONE));

/** Takes a page of a block, under its lock; the last one takes the block off the list. */
function takesPage(
  { scope }: Blocks,
  cpu: CpuFields,
  { first, free, listed }: BlockFields,
  at: number,
): Operations {
  const left = scope.pages - at - 1;
  return [sets(cpu.page, first + at + 1), sets(free, left), left === 0 ? sets(listed, 0) : []];
}

/** The first block of the list gives its next page: a step for each possible page, all of one name. */
const takesListed = (m: Blocks, cpu: CpuFields, block: BlockFields, page: PageFields, at: number): Step => ({
  at: "vb_alloc",
  says: "takes a page of a block on the list",
  to: "vmap_page_range",
  when: [...noneListed(m, block.index), has(block.listed, 1), has(block.free, m.scope.pages - at)],
  redundant: onlyOurs(m, cpu, page),
  does: takesPage(m, cpu, block, at),
});

const setsPte = (m: Blocks, cpu: CpuFields, block: BlockFields, page: PageFields): Step => ({
  at: "vmap_page_range",
  says: `sets the PTE of page ${page.page}`,
  to: IDLE,
  when: [has(cpu.page, page.page + 1)],
  redundant: [isInUse(block), has(page.pte, 0), ...onlyOurs(m, cpu, page)],
  does: [sets(page.pte, 1), sets(page.live, 1), sets(cpu.page, 0)],
});

/** The beginning of both kinds of vb_alloc, and the end of every map. */
function takeAndMap(m: Blocks, cpu: CpuFields): Step[] {
  return [
    { at: IDLE, says: "vm_map_ram", to: "vb_alloc" },
    ...m.blocks.flatMap((block) => block.pages.map((page, at) => takesListed(m, cpu, block, page, at))),
    {
      at: "vb_alloc",
      says: "finds no place for a new block: refused",
      to: IDLE,
      when: [...noneListed(m), ...nonePlaced(m)],
    },
    ...m.blocks.flatMap((block) => block.pages.map((page) => setsPte(m, cpu, block, page))),
  ];
}

/** A block is placed, initialised, put into the index and on the list. */
const newBlock = (m: Blocks, cpu: CpuFields, block: BlockFields, takes: boolean): Step => ({
  at: "vb_alloc",
  says: `new_vmap_block: ${takes ? "its first page taken, listed" : "empty, listed; searches again"}`,
  to: takes ? "vmap_page_range" : "vb_alloc",
  when: [...noneListed(m), ...nonePlaced(m, block.index), has(block.life, NONE)],
  redundant: nothingMapped(m, block),
  does: [
    sets(block.life, STANDING),
    sets(block.free, m.scope.pages),
    sets(block.listed, 1),
    sets(block.indexed, 1),
    takes ? takesPage(m, cpu, block, 0) : [],
  ],
});

/** From 4.1 on (cf725ce274ba): a new block's first page is taken at once by the map that makes it. */
export const mapBornTaken = (m: Blocks, cpu: CpuFields): Step[] => [
  ...takeAndMap(m, cpu),
  ...m.blocks.map((block) => newBlock(m, cpu, block, true)),
];

/** Up to 4.0 an empty block is put on the list, and the search begins again. */
export const mapSearchingAgain = (m: Blocks, cpu: CpuFields): Step[] => [
  ...takeAndMap(m, cpu),
  ...m.blocks.map((block) => newBlock(m, cpu, block, false)),
];
