import type { GatherTerms } from "../../../spec/gather/terms.ts";
import type { Bug } from "../../../spec/wing.ts";
import { changed, from, isOfFrame, released } from "../changed.ts";

export const tlbFastMode: Bug<GatherTerms> = {
  id: "tlb-fast-mode",
  number: "D1",
  says: "With one CPU pages are freed at once, and the TLB is flushed when the gather ends. Up to 2.6.39 nothing else runs on that CPU meanwhile; since 3.0 the owner may sleep, and the next task reaches a page that is free.",
  source: "29eb77825cc7, Peter Zijlstra, 2013, reported by Max Filippov; broken since d16dfc550f53",
  fixed: "3.10",
  changed: undefined,
  violations: [
    {
      law: "page-after-flush",
      on: from("2.6.28", "3.9.6"),
      pinned: "page-after-flush.json",
      repaired: released("3.10.4"),
    },
    {
      law: "page-after-flush",
      on: ["gather-2.6.28-ppc64", "gather-3.1-ppc64"],
      pinned: "page-after-flush.ppc64.json",
      repaired: changed("3.1-ppc64", "3.1-ppc64 without fast mode", { facts: { fastMode: false } }),
    },
    {
      law: "freed-not-reached",
      on: from("3.0.66", "3.9.6"),
      pinned: "freed-not-reached.json",
      repaired: released("3.10.4"),
    },
  ],
  explains: ({ before, command, after, response }) =>
    response.reached !== undefined
      ? before.scope.cpus === 1 && !isOfFrame(before, command)
      : after?.reply.early.some(({ atOnce }) => atOnce) === true,
};
