/**
 * What must be seen in a meaningful run. A witness that is never reached fails the run: the laws were kept because
 * nothing tried them.
 */

import type { Command, Response } from "./commands.ts";
import { outsideOf } from "./laws/domain.ts";
import type { VmapWitness } from "./laws/law.ts";
import { cannotWait, placedExtent, purgeableAtPlacement, purged } from "./laws/law.ts";
import type { Promises } from "./promises.ts";
import { fitsBlock } from "./scope.ts";
import { type Extent, roundedUp } from "./vocabulary.ts";
import type { AreaView, World } from "./world.ts";

const fullSpace: VmapWitness = {
  id: "full-space",
  says: "A request is refused because nothing fits even with every lazy area released.",
  seen: (before, command, response) =>
    command.op === "alloc" && response.kind === "refused" && before.lowestFit(command, "gone") === undefined,
};

const reuseAfterPurge: VmapWitness = {
  id: "reuse-after-purge",
  says: "An allocation that purged is placed where a lazy area was.",
  seen: (before, command, response) =>
    command.op === "alloc" &&
    response.kind === "placed" &&
    purged(response) &&
    before.areasIn(placedExtent(before, command, response.start)).length > 0,
};

const purgeAboveLimit: VmapWitness = {
  id: "purge-above-limit",
  says: "A free purges because the lazy pages exceed the limit.",
  seen: (before, command, response) => command.op === "free" && before.lazyPages > 0 && purged(response),
};

const severalInOneFlush: VmapWitness = {
  id: "several-in-one-flush",
  says: "One flush serves several areas that were freed.",
  seen: (before, _command, response) =>
    response.flushes.length === 1 && before.lazyPages > 0 && lazyAreas(before) > 1,
};

const allReturned: VmapWitness = {
  id: "all-returned",
  says: "After a purge nothing is held and nothing is lazy, although something was before.",
  seen: (before, command, _response, after) =>
    command.op === "purge" && before.lazyPages > 0 && after?.areasIn(everywhere(after)).length === 0,
};

function everywhere({ scope }: World): Extent {
  return { start: 0, end: scope.wordPages };
}

function lazyAreas(world: World): number {
  return world.areasIn(everywhere(world)).filter(({ life }) => life === "lazy").length;
}

const staleBeforeFlush: VmapWitness = {
  id: "stale-before-flush",
  needs: ["touch"],
  says: "A CPU still translates a page that was freed and not yet flushed.",
  seen: (_before, command, _response, after) =>
    command.op === "free" && after !== undefined && after.deadTranslations > 0,
};

const exactFit: VmapWitness = {
  id: "exact-fit",
  says: "An area fills a hole to its last page.",
  seen: (before, command, response) => {
    if (command.op !== "alloc" || response.kind !== "placed") return false;
    const { end } = placedExtent(before, command, response.start);
    const { beforeNext } = before.promises.guard;
    return before.areasIn({ start: end + beforeNext, end: end + beforeNext + 1 }).length > 0;
  },
};

const topOfWindow: VmapWitness = {
  id: "top-of-window",
  says: "An area ends exactly where its window does.",
  seen: (before, command, response) =>
    command.op === "alloc" &&
    response.kind === "placed" &&
    placedExtent(before, command, response.start).end === command.vend,
};

const alignedPastStart: VmapWitness = {
  id: "aligned-past-vstart",
  says: "A window does not begin at a multiple of the alignment asked for.",
  seen: (_before, command, response) =>
    command.op === "alloc" && response.kind === "placed" && command.vstart % (command.align / 4096) > 0,
};

const liveTouch: VmapWitness = {
  id: "served-from-tlb",
  needs: ["touch"],
  says: "A CPU reads a live mapping from its TLB.",
  seen: (before, command, response) =>
    command.op === "touch" &&
    response.kind === "reached" &&
    response.hit &&
    before.frameAt(command.page) !== undefined,
};

/** The block that a map or an unmap concerns, if it is small enough for one. */
function blockOf(world: World, command: Command, response: Response): AreaView | undefined {
  const start =
    command.op === "unmapRam" ? command.start : response.kind === "placed" ? response.start : undefined;
  if (start === undefined) return undefined;
  return world.areasIn({ start, end: start + 1 }).find((area) => area.block !== undefined);
}

const blockFull: VmapWitness = {
  id: "block-full",
  needs: ["map", "touch"],
  says: "A map takes the last pages of a block.",
  seen: (_before, command, response, after) => {
    if (command.op !== "mapRam" || after === undefined) return false;
    const area = blockOf(after, command, response);
    return area?.block?.given === after.scope.blockPages;
  },
};

const blockWhollyDirty: VmapWitness = {
  id: "block-wholly-dirty",
  needs: ["map", "touch"],
  says: "The last map of a block that was used up is unmapped: the block becomes a lazy area.",
  seen: (before, command, response) => {
    if (command.op !== "unmapRam") return false;
    const block = blockOf(before, command, response)?.block;
    return block !== undefined && block.givenBack + roundedUp(command.count) === before.scope.blockPages;
  },
};

const fragmentedBlock: VmapWitness = {
  id: "fragmented-block",
  needs: ["map", "touch"],
  says: "Nothing is mapped any more in a block that has pages left to give.",
  seen: (before, command, _response, after) =>
    command.op === "unmapRam" && after !== undefined && after.fragmentedBlocks() > before.fragmentedBlocks(),
};

const blockReleased: VmapWitness = {
  id: "block-released",
  needs: ["map", "touch"],
  says: "A purge releases a block that was completely given back.",
  seen: (before, _command, response) => {
    if (!purged(response)) return false;
    return before
      .areasIn(everywhere(before))
      .some(({ life, block }) => life === "lazy" && block !== undefined);
  },
};

const staleInBlock: VmapWitness = {
  id: "stale-in-block",
  needs: ["map", "touch"],
  says: "A CPU still translates a page of a map that was unmapped and not yet flushed.",
  seen: (before, command, _response, after) =>
    command.op === "unmapRam" && after !== undefined && after.deadTranslations > before.deadTranslations,
};

const mapTooLarge: VmapWitness = {
  id: "map-too-large-for-a-block",
  needs: ["map", "touch"],
  says: "A map of more pages than a word has bits gets an area of its own.",
  seen: (before, command, response) =>
    command.op === "mapRam" && response.kind === "placed" && !fitsBlock(before.scope, command.count),
};

const vmapAboveVmap: VmapWitness = {
  id: "vmap-above-vmap",
  needs: ["vmap"],
  says: "An area of vmap is placed as close above another as the release places areas.",
  seen: (before, command, response) => {
    if (command.op !== "vmap" || response.kind !== "placed") return false;
    const below = response.start - before.promises.guard.afterArea;
    return before.areasIn({ start: below - 1, end: below }).some(({ vmapped }) => vmapped > 0);
  },
};

const pinnedAfterUse: VmapWitness = {
  id: "pinned-after-use",
  needs: ["touch"],
  says: "A frame is pinned that may have had an alias just before.",
  seen: (before, _command, response) => response.kind === "pinned" && before.mayBeMapped(response.frame),
};

const basePulledDown: VmapWitness = {
  id: "percpu-base-pulled-down",
  needs: ["percpu"],
  says: "Percpu areas are placed lower than the highest of them alone could be.",
  seen: (before, command, response) => {
    if (command.op !== "pcpuGet" || response.kind !== "placed") return false;
    const { offsets, sizes, align } = command;
    const last = offsets.indexOf(Math.max(...offsets));
    const alone = { offsets: [offsets[last] as number], sizes: [sizes[last] as number], align };
    const highest = before.highestCongruentFit(alone, purgeableAtPlacement(response));
    return highest !== undefined && highest > response.start;
  },
};

const percpuAfterPurge: VmapWitness = {
  id: "percpu-after-purge",
  needs: ["percpu"],
  says: "Percpu areas are placed after a purge.",
  seen: (_before, command, response) =>
    command.op === "pcpuGet" && response.kind === "placed" && purged(response),
};

const BY_PERCPU: readonly VmapWitness[] = [basePulledDown, percpuAfterPurge];
const wouldNotWait: VmapWitness = {
  id: "would-not-wait",
  says: "A request that cannot wait is refused, though after a purge there would have been room.",
  seen: (before, command, response) =>
    command.op === "alloc" &&
    cannotWait(before, command) &&
    response.kind === "refused" &&
    before.lowestFit(command, "gone") !== undefined,
};

const warnedOf: VmapWitness = {
  id: "warned-of",
  ofOutside: true,
  says: "A call outside its domain is warned about.",
  seen: (before, command, response) =>
    response.warning !== undefined && outsideOf(before, command) !== undefined,
};

const BY_ANY: readonly VmapWitness[] = [
  fullSpace,
  exactFit,
  topOfWindow,
  alignedPastStart,
  liveTouch,
  vmapAboveVmap,
  warnedOf,
];
const WITNESSES_OF_LAZY_RELEASES: readonly VmapWitness[] = [
  reuseAfterPurge,
  purgeAboveLimit,
  severalInOneFlush,
  allReturned,
  staleBeforeFlush,
  blockFull,
  blockWhollyDirty,
  fragmentedBlock,
  blockReleased,
  staleInBlock,
  mapTooLarge,
  pinnedAfterUse,
];

/** What a run on a release with these promises should see. */
export function witnessesFor(promises: Promises): readonly VmapWitness[] {
  if (!promises.freesLazily) return BY_ANY;
  const witnesses = [
    ...BY_ANY,
    ...WITNESSES_OF_LAZY_RELEASES,
    ...(promises.percpu ? BY_PERCPU : []),
    ...(promises.noblock ? [wouldNotWait] : []),
  ];
  // Compiled code is not called outside its domain.
  return promises.compiled ? witnesses.filter(({ ofOutside }) => ofOutside !== true) : witnesses;
}
