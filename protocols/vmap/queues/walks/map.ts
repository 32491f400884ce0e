/** vm_map_ram of one page on CPU 0: vb_alloc walks its queue, and a new block is put on it. */
import { adds as addsTo, all, compare, inCase, sets } from "../../../../engine/operations.ts";
import { has } from "../../../../engine/reduce/conditions.ts";
import { IDLE, type Step } from "../../../program.ts";
import { makesBlock } from "../../vmap-blocks.ts";
import { beginWalk, mapRam, readUnlock } from "../rcu.ts";
import {
  type BlockFields,
  BUSY,
  type CpuFields,
  HEAD,
  NEW,
  NO_AREA,
  NONE,
  STANDING,
  type Walks,
} from "./fields.ts";
import { type ListChange, linkIsThere } from "./links.ts";

export interface MapRules {
  readonly adds: ListChange;
  readonly removes: ListChange;
  /** From 4.1 on (cf725ce274ba) a new block's first page is taken at once; before, the search begins again. */
  readonly bornTaken: boolean;
}

export const mapOnQueue =
  ({ adds, removes, bornTaken }: MapRules) =>
  (m: Walks, cpu: CpuFields): Step[] =>
    mapRam(
      m,
      cpu,
      { first: m.first, head: HEAD },
      {
        looks: m.blocks.flatMap((block) => looksForPage(m, cpu, block, removes)),
        makes: makesBlock(
          m.blocks,
          ({ memory, area }) => all(has(memory, NONE), has(area, NO_AREA)),
          ({ index, here, memory, area, free }) => ({
            says: `makes block ${index}${bornTaken ? ", its first page taken" : ""}`,
            to: "list_add",
            does: [
              sets(memory, NEW),
              sets(area, BUSY),
              sets(free, m.scope.pages - (bornTaken ? 1 : 0)),
              sets(cpu.at, here),
            ],
          }),
        ),
        adds: m.blocks.map((block) => ({
          at: "list_add",
          says: `puts block ${block.index} on the queue${bornTaken ? "; returns" : ", and searches again"}`,
          to: bornTaken ? IDLE : "vb_alloc",
          when: [has(cpu.at, block.here)],
          does: [
            adds(m, block),
            sets(block.memory, STANDING),
            bornTaken ? sets(cpu.at, HEAD) : beginWalk(m, cpu, m.first),
          ],
        })),
      },
    );

/** Takes a page of a block, under its lock; with the last one the block leaves the queue. */
function looksForPage(m: Walks, cpu: CpuFields, block: BlockFields, removes: ListChange): Step[] {
  const { index, here, free, next } = block;
  return [
    {
      at: "vb_alloc",
      says: `takes a page of block ${index}; returns`,
      to: IDLE,
      when: [has(cpu.at, here), compare(0, "<", free)],
      does: [
        addsTo(free, -1),
        inCase(has(free, 0), removes(m, block)),
        readUnlock(m, cpu),
        sets(cpu.at, HEAD),
      ],
    },
    {
      at: "vb_alloc",
      says: `finds no page in block ${index}, goes on`,
      to: "vb_alloc",
      when: [has(cpu.at, here), has(free, 0)],
      does: sets(cpu.at, next),
      asserts: [linkIsThere(m, block)],
    },
  ];
}
