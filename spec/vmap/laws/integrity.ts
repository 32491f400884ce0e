/** That the allocator stays whole: no stop, no leak, no freed memory. */
import { type Command, endsHistory, type Response } from "../commands.ts";
import { comesBeforeInit } from "../history.ts";
import type { World } from "../world.ts";
import { isLegal } from "./domain.ts";
import { findsRoomInBlock, newArea, type VmapLaw } from "./law.ts";

export const noBug: VmapLaw = {
  id: "no-bug",
  says: "A legal call never stops the kernel (BUG_ON).",
  source: "89699605: the BUG_ON(first->va_start < addr) of the drafts; afd07389d3f4",
  judgeableAfterOverlap: true,
  isPromisedByAll: true,
  holds(before, command, response) {
    return response.kind !== "bug" || !isLegal(before, command);
  },
};

export const callsReturn: VmapLaw = {
  id: "calls-return",
  says: "A legal call returns.",
  source: "alloc_vmap_area searches twice and vb_alloc makes one block (code of db64fe02); catalogue A13, C4",
  isPromisedByAll: true,
  holds(before, command, response) {
    return response.kind !== "hung" || !isLegal(before, command);
  },
};

export const nothingLeaks: VmapLaw = {
  id: "nothing-leaks",
  says: "No call leaves a descriptor that belongs to no area and no block; a purge leaves no block in which nothing is mapped; a CPU gets no new block on free space while one of its blocks has room, and keeps no more than log2(pages of a block) in which nothing is mapped.",
  source: "catalogue A5 (2498ce42d3a3), C2 (02b709df817c), C3 (68ac546f265e)",
  worldAfterViolation: "sound",
  isPromisedByAll: true,
  holds(before, command, response, after) {
    if (after === undefined) return true;
    if (after.leakedDescriptors > before.leakedDescriptors) return false;
    if (makesBlockForNothing(before, command, response)) return false;
    if (command.op === "purge") return after.fragmentedBlocks() === 0;
    return command.op !== "unmapRam" || fragmentsAreBounded(after);
  },
};

/** Whether a map got a new block, on free space, although a block of its CPU had room. */
function makesBlockForNothing(before: World, command: Command, response: Response): boolean {
  if (!findsRoomInBlock(before, command)) return false;
  const made = newArea(before, command, response);
  return made !== undefined && before.areasIn(made).length === 0;
}

/**
 * First fit in the oldest block keeps the remainders of one CPU's blocks in different powers of two: when a block takes
 * 2^k pages, every older block has fewer than 2^k left, and what it took itself leaves it a multiple of the least of
 * those. So at most log2(pages of a block) blocks of a CPU have pages left. A CPU with more unused blocks of this kind
 * makes new ones although old ones had room.
 */
function fragmentsAreBounded(after: World): boolean {
  const { cpus, blockPages } = after.scope;
  const most = Math.ceil(Math.log2(blockPages));
  for (let cpu = 0; cpu < cpus; cpu++) if (after.fragmentedBlocks(cpu) > most) return false;
  return true;
}

export const spaceReturns: VmapLaw = {
  id: "space-returns",
  says: "When nothing is held any more and a purge has emptied the pools, the whole space can be given out again, in one piece.",
  source:
    "db64fe02: an address is not given out again until a flush, and then it is; menios issue 272 (2025), where none ever was",
  needs: ["purge"],
  worldAfterViolation: "sound",
  isPromisedByAll: true,
  holds(_before, command, response, after) {
    if (response.wholeFree !== false || command.op !== "purge" || after === undefined) return true;
    return after.areasIn({ start: 0, end: after.scope.wordPages }).length > 0;
  },
};

export const noUseAfterFree: VmapLaw = {
  id: "no-use-after-free",
  says: "No freed descriptor or block is read.",
  source: "catalogue B2 (cbb766766b6)",
  worldAfterViolation: "sound",
  isPromisedByAll: true,
  holds(_before, _command, response) {
    return response.usedAfterFree !== true;
  },
};

export const findsAreas: VmapLaw = {
  id: "finds-areas",
  says: "find_vmap_area returns an area that holds the page and was not released, and one that is busy it always finds: by its first page, from 3.11 on by any page of it.",
  source: "db64fe02: found by the first page alone; cef2ac3f6c8a (3.11): by any page of it",
  needs: ["find"],
  worldAfterViolation: "sound",
  isPromisedByAll: true,
  holds(before, command, response) {
    if (command.op !== "find" || response.kind !== "found") return true;
    const { page } = command;
    const here = before.areasIn({ start: page, end: page + 1 });
    if (response.start !== null) return here.some(({ start }) => start === response.start);
    const { findsByAnyPage = false } = before.promises;
    return !here.some(({ start, life }) => life === "busy" && (findsByAnyPage || start === page));
  },
};

export const initOrder: VmapLaw = {
  id: "init-order",
  says: "A call that may come before vmalloc_init does not stop the kernel there, flushes nothing and clears no PTE.",
  source: "db64fe02: vmalloc_init is called early in start_kernel; catalogue B6 (9b46333)",
  isTriedIn: ({ beforeInit }) => beforeInit,
  holds(before, command, response) {
    if (before.initialised || command.op === "init" || !comesBeforeInit(command)) return true;
    return !endsHistory(response) && response.flushes.length === 0 && response.pteCleared === 0;
  },
};
