/** Bugs that calls outside their domain show: frees of nothing, of a part, twice. */
import { frameOf } from "../../kernels/hardware/page-map.ts";
import { MADE_BY_RAM, NONE } from "../../kernels/vmap/areas.ts";
import { linux } from "../../kernels/vmap/index.ts";
import { rulesOf } from "../../kernels/vmap/releases.ts";
import { kernelWith, stepsFrom } from "../../kernels/vmap/rules.ts";
import type { Steps } from "../../kernels/vmap/steps.ts";
import { unmapRam, warnOfNoArea } from "../../kernels/vmap/unmap-calls.ts";
import { vmapKernel } from "../../kernels/vmap/vmap-kernel.ts";
import { outsideOf } from "../../spec/vmap/laws/domain.ts";
import { releaseOf } from "../../spec/vmap/releases.ts";
import { fitsBlock } from "../../spec/vmap/scope.ts";
import type { Bug, Evidence } from "./bug.ts";
import { kernelsWith } from "./evidence.ts";

const withoutAllocOfNothing = kernelWith(
  releaseOf("2.6.28"),
  { ...rulesOf("2.6.28"), outside: { ...rulesOf("2.6.28").outside, allocOfNothing: "refused" } },
  "2.6.28 refusing an area of no page",
);

export const allocOfNothing: Bug = {
  id: "alloc-of-nothing",
  number: undefined,
  says: "alloc_vmap_area gives out an area of no page.",
  source:
    "adapters/vmap/recordings/FORMAT.md, argument checks (tried by hand, not recorded): 2.6.28 has no test of the size",
  latent: true,
  fixed: "2.6.29 and 2.6.28.10, which stop (BUG_ON(!size)); 6.3 refuses",
  changed: undefined,
  violations: [
    {
      law: "argument-domain",
      on: ["2.6.28"],
      pinned: "argument-domain.json",
      repaired: withoutAllocOfNothing,
    },
  ],
  byUnchecked: true,
  explains: ({ command }) => command.op === "alloc",
};

/**
 * A vm_unmap_ram that no kernel has: it tests whether maps hold every page that it shall unmap, and warns if not. A
 * kernel does not record where one map ends and the next begins, so a part of a map still passes.
 */
const checkingUnmap: Steps["unmapRam"] = (state, start, count, steps) => {
  const { areas, blocks, memory, scope } = state;
  const slot = fitsBlock(scope, count)
    ? (blocks.area[frameOf(blocks.index, Math.floor(start / scope.blockPages)) - 1] ?? NONE)
    : steps.busy.find(areas, start);
  const isMap = slot !== NONE && ((areas.flags[slot] as number) & MADE_BY_RAM) !== 0;
  const holds = Array.from({ length: count }, (_none, nth) => frameOf(memory.held, start + nth) !== 0);
  if (isMap && count > 0 && holds.every((held) => held)) unmapRam(state, start, count, steps);
  else state.warning = "vm_unmap_ram: not what was mapped";
};

/** Whether pages of a block are given back of which none has a PTE: they were given back before. */
function isGivenBackAgain({ before, command, response }: Evidence): boolean {
  if (command.op !== "unmapRam" || !fitsBlock(before.scope, command.count)) return false;
  return response.pteCleared === 0 && outsideOf(before, command) === "unmapInBlock";
}

const withoutUnmapRamUnchecked = vmapKernel(
  releaseOf("2.6.39"),
  { ...stepsFrom(rulesOf("2.6.39")), unmapRam: checkingUnmap },
  "2.6.39 checking the arguments of vm_unmap_ram",
);

/** All that have vm_unmap_ram. */
const WITH_UNMAP_RAM_UNCHECKED = kernelsWith("unmap-ram-unchecked", "2.6.28");

export const unmapRamUnchecked: Bug = {
  id: "unmap-ram-unchecked",
  number: undefined,
  says: "vm_unmap_ram does not check its arguments: with another count, or at another caller's address, it unmaps what is there, even a vmalloc area.",
  source:
    'the code of db64fe02 and since; its comment, "the count passed to that vm_map_ram call (cannot unmap partial)", leaves it to the caller',
  latent: true,
  fixed: "not fixed (7.2 has it)",
  changed: undefined,
  violations: [
    {
      law: "argument-domain",
      on: WITH_UNMAP_RAM_UNCHECKED,
      pinned: "argument-domain.json",
      repaired: withoutUnmapRamUnchecked,
    },
  ],
  byUnchecked: true,
  explains: (evidence) => evidence.command.op === "unmapRam" && !isGivenBackAgain(evidence),
};

const withoutVbFreeCountedTwice = vmapKernel(
  releaseOf("6.1"),
  { ...stepsFrom(rulesOf("6.1")), unmapRam: checkingUnmap },
  "6.1 checking the arguments of vm_unmap_ram",
);

/** Up to 2.6.32 the result of the bitmap is ignored; from 4.1 on there is no bitmap. Between, it is a BUG. */
const WITH_VB_FREE_COUNTED_TWICE = kernelsWith("vb-free-counted-twice", "6.1");

export const vbFreeCountedTwice: Bug = {
  id: "vb-free-counted-twice",
  number: undefined,
  says: "A map in a block that is unmapped twice is counted twice: the block counts as given back and is freed, with another caller's map in it.",
  source:
    "vb_free adds to vb->dirty whatever is given back (code of db64fe02; de5604231ce4's series made a region that was dirty a BUG in 2.6.33, 7d61bfe8fdde took the bitmap away in 4.1)",
  latent: true,
  fixed: "2.6.33 (a BUG_ON sees it), and back in 4.1; 7.2 has it",
  changed: undefined,
  violations: [
    {
      law: "argument-domain",
      on: WITH_VB_FREE_COUNTED_TWICE,
      pinned: "argument-domain.json",
      repaired: withoutVbFreeCountedTwice,
    },
  ],
  byUnchecked: true,
  explains: isGivenBackAgain,
};

const withoutVfreeInsideObeyed = vmapKernel(
  releaseOf("6.1"),
  { ...stepsFrom(rulesOf("6.1")), strayFree: warnOfNoArea },
  "6.1 freeing by the first page alone",
);

const WITH_VFREE_INSIDE_OBEYED = kernelsWith("vfree-inside-obeyed", "6.1");

export const vfreeInsideObeyed: Bug = {
  id: "vfree-inside-obeyed",
  number: undefined,
  says: "find_vmap_area finds an area by any of its pages, and remove_vm_area asks it: a vfree of a page inside frees the whole area, where the kernel warned before.",
  source: "cef2ac3f6c8a (3.11), which made the search so for vread and vwrite; remove_vm_area in 6.1 and 7.x",
  latent: true,
  fixed: "not fixed (7.2 has it)",
  changed: undefined,
  violations: [
    {
      law: "argument-domain",
      on: WITH_VFREE_INSIDE_OBEYED,
      pinned: "argument-domain.json",
      repaired: withoutVfreeInsideObeyed,
    },
  ],
  byUnchecked: true,
  explains: ({ before, command, response }) =>
    command.op === "free" &&
    response.kind === "done" &&
    before.areasIn({ start: command.start, end: command.start + 1 }).length > 0,
};

const withoutVfreeUnlinksAny = kernelWith(
  releaseOf("6.4"),
  { ...rulesOf("6.4"), outside: { ...rulesOf("6.4").outside, unlinksAny: false } },
  "6.4 testing before it unlinks",
);

const WITH_VFREE_UNLINKS_ANY = kernelsWith("vfree-unlinks-any", "6.4");

export const vfreeUnlinksAny: Bug = {
  id: "vfree-unlinks-any",
  number: undefined,
  says: "remove_vm_area removes an area from the tree before it tests whether it has a vm_struct: a vfree of an area of vm_map_ram warns, and yet the area is no longer found, neither to be read nor to be unmapped.",
  source:
    '"mm: vmalloc: Avoid calling __find_vmap_area() twice in __vunmap()" (6.3): find_unlink_vmap_area, then `!va->vm`; so in 7.x',
  latent: true,
  fixed: "not fixed (7.2 has it)",
  changed: undefined,
  violations: [
    {
      law: "finds-areas",
      on: WITH_VFREE_UNLINKS_ANY,
      pinned: "finds-areas.json",
      repaired: withoutVfreeUnlinksAny,
    },
    {
      law: "unmapped-means-no-pte",
      on: WITH_VFREE_UNLINKS_ANY,
      pinned: "unmapped-means-no-pte.json",
      repaired: withoutVfreeUnlinksAny,
    },
  ],
  byUnchecked: true,
  explains: ({ command, response }) =>
    command.op === "find" || (command.op === "unmapRam" && response.warning !== undefined),
};

export const vfreeOfNoneRead: Bug = {
  id: "vfree-of-none-read",
  number: "B28",
  says: "__vunmap reads the vm_struct of an area before it tests whether there is one: a vfree where no area is stops the kernel, which warned before.",
  source:
    '"mm/vmalloc.c: don\'t dereference possible NULL pointer in __vunmap()" (6ade20327dbb, 2019), which repairs "mm: vmalloc: avoid racy handling of debugobjects in vunmap" (f3c01d2f3ade, 4.18); read in 4.19',
  fixed: "5.1; in 4.19.126 and 4.9.226",
  changed: undefined,
  violations: [
    { law: "argument-domain", on: ["4.19"], pinned: "argument-domain.json", repaired: linux("4.15.0") },
  ],
  explains: ({ command, response }) => command.op === "free" && response.kind === "bug",
};
