/**
 * What should be seen to happen in a run worth its name. A witness that is never reached fails the run: the
 * laws were then kept because nothing tried them.
 */
import type { VmapWitness } from "./laws/law.ts";
import { placedExtent, purged } from "./laws/law.ts";
import type { Promises } from "./releases.ts";

const fullSpace: VmapWitness = {
  id: "full-space",
  says: "A request is refused, nothing fitting even with every lazy area gone.",
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
  says: "A free purges because too many pages are lazy.",
  seen: (before, command, response) => command.op === "free" && before.lazyPages > 0 && purged(response),
};

const staleBeforeFlush: VmapWitness = {
  id: "stale-before-flush",
  says: "A CPU still translates a page that was let go, and no flush has come yet.",
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
  says: "A CPU reads a live mapping from its TLB.",
  seen: (before, command, response) =>
    command.op === "touch" &&
    response.kind === "reached" &&
    response.hit &&
    before.frameAt(command.page) !== undefined,
};

const BY_ANY: readonly VmapWitness[] = [fullSpace, exactFit, topOfWindow, alignedPastStart, liveTouch];
const BY_LAZY: readonly VmapWitness[] = [reuseAfterPurge, purgeAboveLimit, staleBeforeFlush];

/** What a run on a release with these promises should see. */
export function witnessesFor(promises: Promises): readonly VmapWitness[] {
  return promises.freesLazily ? [...BY_ANY, ...BY_LAZY] : BY_ANY;
}
