/** Bugs of where an area is placed, or refused. */
import { giveBackDescriptor } from "../../kernels/vmap/areas.ts";
import { linux } from "../../kernels/vmap/index.ts";
import { rulesOf } from "../../kernels/vmap/releases.ts";
import { kernelWith } from "../../kernels/vmap/rules.ts";
import { sameExtent } from "../../kernels/vmap/search-congruent.ts";
import { plainSize } from "../../kernels/vmap/search-tree.ts";
import { searchFrom } from "../../kernels/vmap/search-uncached.ts";
import type { Alloc } from "../../spec/vmap/commands.ts";
import { cannotWait, purgeableAtPlacement, requestOf, roomiestFit } from "../../spec/vmap/laws/law.ts";
import { releaseOf } from "../../spec/vmap/releases.ts";
import { PAGE_SIZE } from "../../spec/vmap/vocabulary.ts";
import type { Bug, Evidence } from "./bug.ts";
import { repaired2_6_28 } from "./controls/repaired-kernels.ts";
import { kernelsWith } from "./evidence.ts";

export const vaGapOffbyone: Bug = {
  id: "va-gap-offbyone",
  number: "A1",
  says: "The scan wants a page more than the request before the next area, so a hole of exactly the size is passed over.",
  source: '"mm: vmalloc allocator off by one", Nick Piggin, 2008-11-11; introduced by db64fe02258f',
  fixed: "2.6.28, before its release",
  changed: kernelWith(releaseOf("2.6.28"), { ...rulesOf("2.6.28"), beforeNext: 1 }, "va-gap-offbyone"),
  violations: [
    { law: "lowest-fit", on: ["va-gap-offbyone"], pinned: "lowest-fit.json", repaired: linux("2.6.28") },
  ],
  explains: () => true,
};

const plantedVaRestartFromEnd = kernelWith(
  releaseOf("2.6.28"),
  {
    ...rulesOf("2.6.28"),
    searchAgain: (state, request, rules) => searchFrom(state, request, state.gaveUpAt, rules),
  },
  "va-restart-from-end",
);

export const vaRestartFromEnd: Bug = {
  id: "va-restart-from-end",
  number: "A2",
  says: "The address is computed before the retry label: after the purge the search continues where it gave up, near the end.",
  source: '"mm: vmalloc search restart fix", Glauber Costa and Nick Piggin, 2008-11-08',
  fixed: "2.6.28, before its release",
  changed: plantedVaRestartFromEnd,
  violations: [
    {
      law: "refused-only-when-full",
      on: ["va-restart-from-end"],
      pinned: "refused-only-when-full.json",
      repaired: repaired2_6_28,
    },
  ],
  explains: () => true,
};

const withoutVaLeakOnEnospc = kernelWith(
  releaseOf("2.6.28"),
  { ...rulesOf("2.6.28"), dropUnused: (state, slot) => giveBackDescriptor(state.areas, slot) },
  "2.6.28 giving the descriptor back",
);

export const vaLeakOnEnospc: Bug = {
  id: "va-leak-on-enospc",
  number: "A5",
  says: "A refused allocation returns without freeing the descriptor it took at its start.",
  source: '"alloc_vmap_area: fix memory leak", 2498ce42d3a3',
  fixed: "2.6.30; the model of 2.6.28.10 follows 2.6.30.4",
  changed: undefined,
  violations: [
    { law: "nothing-leaks", on: ["2.6.28"], pinned: "nothing-leaks.json", repaired: withoutVaLeakOnEnospc },
  ],
  explains: ({ before, command, response }) =>
    requestOf(before, command) !== undefined && response.kind === "refused",
};

const withoutAugPercpuJump = kernelWith(
  releaseOf("5.2"),
  { ...rulesOf("5.2"), endsAbove: sameExtent },
  "5.2 looking for percpu areas in the whole of an extent",
);

export const augPercpuJump: Bug = {
  id: "aug-percpu-jump",
  number: "A12",
  says: "If one of the percpu areas ends above the free extent in which it is searched, the base moves down to the extent below, past all the room in this one: the areas are placed lower than they could be, or refused.",
  source:
    "68ad4a330433 (5.2); 5336e52c9e85 (5.3-rc5): an extent of 30 TB was passed by (Dave Hansen); catalogue A12",
  fixed: "5336e52c9e85 (5.3)",
  changed: undefined,
  violations: [
    {
      law: "highest-congruent-fit",
      on: ["5.2"],
      pinned: "highest-congruent-fit.json",
      repaired: withoutAugPercpuJump,
    },
    {
      law: "refused-only-when-full",
      on: ["5.2"],
      pinned: "refused-only-when-full.json",
      repaired: withoutAugPercpuJump,
    },
    {
      law: "purge-only-when-full",
      on: ["5.2"],
      pinned: "purge-only-when-full.json",
      repaired: withoutAugPercpuJump,
    },
    {
      law: "free-space-is-usable",
      on: ["5.2"],
      pinned: "free-space-is-usable.json",
      repaired: withoutAugPercpuJump,
    },
  ],
  explains: ({ command }) => command.op === "pcpuGet",
};

const plain5_2 = kernelWith(
  releaseOf("5.2"),
  { ...rulesOf("5.2"), lookedFor: plainSize, shiftsStart: true },
  "5.2 searching for the plain size",
);

const TO_5_15 = ["5.2", "5.10", "5.11"];
const WITH_AUG_ALIGN_OVERHEAD = kernelsWith("aug-align-overhead", "5.2");

export const augAlignOverhead: Bug = {
  id: "aug-align-overhead",
  number: "A13",
  says: "The tree is searched for the size and what its alignment may cost: a hole that holds the request and is smaller than that is found only if it lies on the way, and what lies there depends on the shape of the tree.",
  source:
    "68ad4a330433 (5.2); 9f531973dff3 (5.16) searched for the plain size; 9333fe98d0a6 (5.18) brought it back but for the alignment of a page; catalogue A13 and section 11",
  fixed: "5.16, and back in 5.18",
  changed: undefined,
  violations: [
    {
      law: "refused-only-when-full",
      on: WITH_AUG_ALIGN_OVERHEAD,
      pinned: "refused-only-when-full.json",
      repaired: plain5_2,
    },
    {
      law: "purge-only-when-full",
      on: WITH_AUG_ALIGN_OVERHEAD,
      pinned: "purge-only-when-full.json",
      repaired: plain5_2,
    },
    { law: "lowest-fit", on: WITH_AUG_ALIGN_OVERHEAD, pinned: "lowest-fit.json", repaired: plain5_2 },
    { law: "lowest-fit-at-a-page", on: TO_5_15, pinned: "lowest-fit-at-a-page.json", repaired: plain5_2 },
    { law: "blocks-pack", on: WITH_AUG_ALIGN_OVERHEAD, pinned: "blocks-pack.json", repaired: plain5_2 },
    {
      law: "free-space-is-usable",
      on: WITH_AUG_ALIGN_OVERHEAD,
      pinned: "free-space-is-usable.json",
      repaired: plain5_2,
    },
  ],
  explains: onlyTightHoles,
};

/**
 * The request fits, but into no hole that has room for its alignment as well; or into no such hole below its place, so
 * that every lower place lies in a hole that is too tight.
 */
function onlyTightHoles({ law, before, command, response }: Evidence): boolean {
  const request = requestOf(before, command);
  if (request === undefined || !addsOverhead(before.promises.laws, request)) return false;
  const isPlaced = response.kind === "placed";
  const isOfPurge = law === "purge-only-when-full" || (law === "blocks-pack" && isPlaced);
  if (isPlaced && !isOfPurge) {
    const roomiest = roomiestFit(before, request, purgeableAtPlacement(response));
    return roomiest === undefined || roomiest >= response.start;
  }
  const purgeable = isOfPurge || cannotWait(before, command) ? "taken" : "gone";
  if (before.lowestFit(request, purgeable) === undefined) return false;
  return roomiestFit(before, request, purgeable) === undefined;
}

/** From 5.18 on neither for an alignment of one page nor in a window of exactly the size, to the byte. */
function addsOverhead(
  laws: readonly string[],
  { size, align, vstart, vend, endsInside }: Pick<Alloc, "size" | "align" | "vstart" | "vend" | "endsInside">,
): boolean {
  if (!laws.includes("lowest-fit-at-a-page")) return align > 1;
  return align > PAGE_SIZE && (vend - vstart !== size || endsInside === true);
}

const withoutNoGuardAdjacency = kernelWith(
  { ...releaseOf("5.11"), obeysNoGuard: false },
  { ...rulesOf("5.11"), obeysNoGuard: false },
  "5.11 ignoring VM_NO_GUARD",
);

const WITH_NO_GUARD_ADJACENCY = kernelsWith("no-guard-adjacency", "5.11");

export const noGuardAdjacency: Bug = {
  id: "no-guard-adjacency",
  number: "A14",
  says: "A caller of vmap may pass VM_NO_GUARD and gets an area without a guard page; the next area begins where its pages end, and an overflow runs into it.",
  source:
    '"mm/vmalloc: don\'t allow VM_NO_GUARD on vmap()", Peter Zijlstra, bd1a8fb2d43f; the flag came with 71394fe50146 (4.0)',
  fixed: "5.16",
  changed: undefined,
  violations: [
    {
      law: "guard-between-vmaps",
      on: WITH_NO_GUARD_ADJACENCY,
      pinned: "guard-between-vmaps.json",
      repaired: withoutNoGuardAdjacency,
    },
  ],
  explains: () => true,
};

const WITH_GUARD_BETWEEN_AREAS = kernelsWith("guard-between-areas", "2.6.28");

export const guardBetweenAreas: Bug = {
  id: "guard-between-areas",
  number: "A17",
  says: "A page is kept free after each area, and from 2.6.39 on before the next as well, in addition to the guard page inside areas of vmalloc and vmap. An area that is aligned to its own size then wastes its size again: vm_map_ram is refused a block with half of the space free.",
  source:
    'db64fe02 (2.6.28); 248ac0e1943a, "mm/vmalloc: remove guard page from between vmap blocks", Johannes Weiner, 2011-04-14; the thread of "xfs: flush vmap aliases when mapping fails", linux-mm, 2011-03-21; kernel bugzilla 27492',
  fixed: "248ac0e1943a (3.0)",
  changed: undefined,
  violations: [
    { law: "blocks-pack", on: WITH_GUARD_BETWEEN_AREAS, pinned: "blocks-pack.json", repaired: linux("3.1") },
    {
      law: "free-space-is-usable",
      on: WITH_GUARD_BETWEEN_AREAS,
      pinned: "free-space-is-usable.json",
      repaired: linux("3.1"),
    },
  ],
  explains: fitsBarely,
};

/** The request fits only where it would touch a neighbour. */
function fitsBarely({ before, command, response }: Evidence): boolean {
  const request = requestOf(before, command);
  if (request === undefined) return false;
  const purgeable = response.kind === "refused" && !cannotWait(before, command) ? "gone" : "taken";
  return (
    before.lowestFit(request, purgeable) === undefined && before.lowestFree(request, purgeable) !== undefined
  );
}

export const augSearchUnshifted: Bug = {
  id: "aug-search-unshifted",
  number: undefined,
  says: "The tree is searched for the plain size, and an extent that is large enough may still not fit: the search goes back up and, because it does not shift its start, enters the same subtree without end.",
  source: "a mutant of 9f531973dff3 (5.16), which shifts the start each time; catalogue A13",
  fixed: "never released",
  changed: kernelWith(releaseOf("5.17"), { ...rulesOf("5.17"), shiftsStart: false }, "aug-search-unshifted"),
  violations: [
    {
      law: "calls-return",
      on: ["aug-search-unshifted"],
      pinned: "calls-return.json",
      repaired: linux("5.17"),
    },
    {
      law: "calls-return",
      on: ["aug-search-unshifted"],
      pinned: "calls-return.middle.json",
      repaired: linux("5.17"),
    },
  ],
  explains: () => true,
};
