import { requestOf } from "../../../spec/vmap/laws/law.ts";
import type { Bug, Evidence } from "../bug.ts";
import { repaired3_1 } from "../controls/repaired-kernels.ts";
import { kernelsWith } from "../evidence/spans.ts";

const ON = kernelsWith("cache-exact-hole-missed", "3.1");

export const cacheExactHoleMissed: Bug = {
  id: "cache-exact-hole-missed",
  number: "A9",
  says: "The guard page between areas was removed, and with it the scan's `>=`, but the cache is still used if size == cached_hole_size: a hole of exactly that size is missed.",
  source:
    "248ac0e1943a (3.0); no report known: found by reading and by random search (catalogue A9, section 11)",
  latent: true,
  fixed: "5.2, where 68ad4a330433 removed the cache",
  changed: undefined,
  violations: [
    { law: "lowest-fit", on: ON, pinned: "lowest-fit.json", repaired: repaired3_1 },
    { law: "refused-only-when-full", on: ON, pinned: "refused-only-when-full.json", repaired: repaired3_1 },
    { law: "purge-only-when-full", on: ON, pinned: "purge-only-when-full.json", repaired: repaired3_1 },
    { law: "blocks-pack", on: ON, pinned: "blocks-pack.json", repaired: repaired3_1 },
    { law: "free-space-is-usable", on: ON, pinned: "free-space-is-usable.json", repaired: repaired3_1 },
  ],
  explains: missedExactHole,
};

/** The lowest place that fits is a hole of exactly the requested size. */
function missedExactHole({ law, before, command, response }: Evidence): boolean {
  const request = requestOf(before, command);
  if (request === undefined) return false;
  const isOfPurge = law === "purge-only-when-full" || law === "blocks-pack";
  const purgedBefore = response.flushes.length > 0 && !isOfPurge;
  const gone = purgedBefore || response.kind === "refused";
  const missed = before.lowestFit(request, gone ? "gone" : "taken");
  if (missed === undefined) return false;
  const end = missed + request.size;
  return before.areasIn({ start: end, end: end + 1 }).some((area) => area.start === end);
}
