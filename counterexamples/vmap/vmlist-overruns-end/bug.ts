import { listKernel, rules2_6_27 } from "../../../kernels/vmap/linux-2.6.27.ts";
import { placedExtent, requestOf } from "../../../spec/vmap/laws/law.ts";
import type { Bug, Evidence } from "../bug.ts";

const repaired = listKernel(
  { ...rules2_6_27, holeAllowed: (addr, length, request) => addr + length <= request.vend },
  "2.6.27 testing the end before another area too",
);

export const vmlistOverrunsEnd: Bug = {
  id: "vmlist-overruns-end",
  number: "E1",
  says: "The list allocator tests the window's end only behind the last area: a hole before another area is used although it reaches beyond the end.",
  source: "catalogue section 11, E1: seen in the recordings of 2.6.27; no report known",
  fixed: "2.6.28, where db64fe02 replaced the allocator",
  changed: undefined,
  violations: [{ law: "in-window", on: ["2.6.27"], pinned: "in-window.json", repaired }],
  explains: overrunsBeforeAnother,
};

/** Placed inside the window's start, beyond its end, and below some other area. */
function overrunsBeforeAnother({ before, command, response }: Evidence): boolean {
  const request = requestOf(before, command);
  if (request === undefined || response.kind !== "placed" || response.start < request.vstart) return false;
  const { end } = placedExtent(before, request, response.start);
  return before.areasIn({ start: end, end: before.scope.wordPages }).length > 0;
}
