/** Where an area may be placed, and when a request may be refused. */
import type { Command, Response } from "../commands.ts";
import { alignUp, type Extent, overlaps, PAGE_SIZE } from "../vocabulary.ts";
import type { World } from "../world.ts";
import {
  everyNewArea,
  hasRoom,
  mayComeFromPool,
  newArea,
  purgeableAtPlacement,
  requestOf,
  roomiestFit,
  type VmapLaw,
  windowOf,
} from "./law.ts";

export const inWindow: VmapLaw = {
  id: "in-window",
  says: "An area lies in [vstart, vend), in plain integers: nothing wraps.",
  source: '89699605 (Hugh Dickins): "won\'t the vend checks go wrong if addr + size is 0?"; afd07389d3f4',
  judgeableAfterOverlap: true,
  isPromisedByAll: true,
  holds(before, command, response) {
    return everyNewArea(before, command, response, isInWindow);
  },
};

function isInWindow({ start, end }: Extent, before: World, command: Command): boolean {
  const window = windowOf(before, command);
  return window === undefined || (start >= window.vstart && end <= window.vend);
}

export const aligned: VmapLaw = {
  id: "aligned",
  says: "An area's start, and the base of percpu areas, is a multiple of the alignment asked for.",
  source: "alloc_vmap_area's BUG_ON on the alignment, in the code of db64fe02 and since",
  judgeableAfterOverlap: true,
  isPromisedByAll: true,
  holds(_before, command, response) {
    if ((command.op !== "alloc" && command.op !== "pcpuGet") || response.kind !== "placed") return true;
    return alignUp(response.start, command.align) === response.start;
  },
};

export const noOverlap: VmapLaw = {
  id: "no-overlap",
  says: "An area is disjoint from every other that was not released: a busy one, or a lazy one that the call did not purge.",
  source: "db64fe02: freed addresses are not allocated again until a TLB flush",
  judgeableAfterOverlap: true,
  isPromisedByAll: true,
  holds(before, command, response) {
    return everyNewArea(before, command, response, isDisjoint);
  },
};

function isDisjoint(placed: Extent, before: World, _command: Command, response: Response): boolean {
  return before.areasIn(placed, purgeableAtPlacement(response)).length === 0;
}

export const guardGap: VmapLaw = {
  id: "guard-gap",
  says: "An area keeps the release's distance to the areas beside it that were not released.",
  source:
    '89699605 (Hugh Dickins): "the guard page we want before the next area"; 248ac0e1943a took it away in 3.0',
  worldAfterViolation: { explored: "sound", random: "doubtful" },
  isPromisedByAll: true,
  holds(before, command, response) {
    return everyNewArea(before, command, response, keepsItsDistance);
  },
};

function keepsItsDistance(placed: Extent, before: World, _command: Command, response: Response): boolean {
  const { afterArea, beforeNext } = before.promises.guard;
  const withGap = { start: placed.start - afterArea, end: placed.end + beforeNext };
  return before.areasIn(withGap, purgeableAtPlacement(response)).every((area) => overlaps(area, placed));
}
export const guardBetweenVmaps: VmapLaw = {
  id: "guard-between-vmaps",
  says: "Between the mapped pages of two areas of vmap that are held lies at least one page without a PTE.",
  source: "catalogue A14 (bd1a8fb2d43f): an overflow must not run into the neighbour",
  needs: ["vmap"],
  worldAfterViolation: "sound",
  isPromisedByAll: true,
  holds(before, command, response) {
    if (command.op !== "vmap" || response.kind !== "placed") return true;
    const mapped = { start: response.start, end: response.start + command.count };
    const around = { start: mapped.start - 1, end: mapped.end + 1 };
    return before.areasIn(around, purgeableAtPlacement(response)).every(({ start, life, vmapped }) => {
      if (life === "lazy" || vmapped === 0) return true;
      const other = { start, end: start + vmapped };
      // If they share a page, no-overlap reports it.
      return overlaps(other, mapped) || !overlaps(other, around);
    });
  },
};

export const lowestFit: VmapLaw = {
  id: "lowest-fit",
  says: "No lower address would have served: lazy areas count as taken unless the call purged, and so does what pools may hold.",
  source: '89699605: "allocation patterns are not changed"',
  worldAfterViolation: "sound",
  holds(before, command, response) {
    const placed = newArea(before, command, response);
    const request = requestOf(before, command);
    if (placed === undefined || request === undefined) return true;
    const lowest = before.lowestFit(request, purgeableAtPlacement(response));
    return lowest === undefined || lowest >= placed.start;
  },
};

export const lowestFitAtAPage: VmapLaw = {
  id: "lowest-fit-at-a-page",
  says: "Of a request aligned to a page at most, no lower address would have served, unless a pool had one of its size.",
  source: "9333fe98d0a6: `align <= PAGE_SIZE` needs no room for the alignment; catalogue A13",
  holds(before, command, response, after) {
    const placed = newArea(before, command, response);
    const request = requestOf(before, command);
    if (placed === undefined || request === undefined || request.align > PAGE_SIZE) return true;
    return mayComeFromPool(before, command, placed) || lowestFit.holds(before, command, response, after);
  },
};

export const lowestRoomyHole: VmapLaw = {
  id: "lowest-roomy-hole",
  says: "An area is placed no higher than in the lowest hole of size + align - 1 bytes, unless a pool had one of its size.",
  source: "68ad4a330433: the search is for a length that any alignment leaves room in; catalogue A13",
  holds(before, command, response) {
    const placed = newArea(before, command, response);
    const request = requestOf(before, command);
    if (placed === undefined || request === undefined) return true;
    if (mayComeFromPool(before, command, placed)) return true;
    const roomiest = roomiestFit(before, request, purgeableAtPlacement(response));
    return roomiest === undefined || roomiest >= placed.start;
  },
};

export const highestCongruentFit: VmapLaw = {
  id: "highest-congruent-fit",
  says: "No higher base would have served percpu areas: lazy areas and what pools may hold count as taken unless the call purged.",
  source: "pcpu_get_vm_areas scans from the top (ca23e405e06d); 5336e52c9e85; catalogue A12",
  needs: ["percpu"],
  worldAfterViolation: "sound",
  holds(before, command, response) {
    if (command.op !== "pcpuGet" || response.kind !== "placed") return true;
    const highest = before.highestCongruentFit(command, purgeableAtPlacement(response));
    return highest === undefined || highest <= response.start;
  },
};

export const refusedOnlyWhenFull: VmapLaw = {
  id: "refused-only-when-full",
  says: "A refusal means that no block of the CPU has room for the map and that nothing fits with all gone that a purge takes, pools emptied; to a caller that cannot wait for one, that nothing fits beside them.",
  source:
    "alloc_vmap_area purges and searches once more before it refuses (code of db64fe02); catalogue A2, A9",
  worldAfterViolation: "sound",
  isPromisedByAll: true,
  holds(before, command, response) {
    return response.kind !== "refused" || !hasRoom(before, command, "lowestFit");
  },
};
