import { flushTlbOnly } from "../../../kernels/gather/flush.ts";
import type { GatherTerms } from "../../../spec/gather/terms.ts";
import type { Bug } from "../../../spec/wing.ts";
import { changed, from, released } from "../changed.ts";

export const rcuTableNoInvalidate: Bug<GatherTerms> = {
  id: "rcu-table-no-invalidate",
  number: "D10",
  says: "No flush comes before a page table is freed where its batch cannot be allocated, or is full: walk caches still lead to it. An architecture without such caches, as the hash MMU of powerpc, needs none.",
  source: "d86564a2f085, Peter Zijlstra, 2018, reported by Jann Horn; 0ed1325967ab; 26723911269b",
  fixed: "4.19, except in gen, which never invalidates",
  changed: undefined,
  violations: [
    {
      law: "table-after-flush",
      on: [...from("3.0.66", "3.16"), "gather-4.15"],
      pinned: "table-after-flush.json",
      repaired: released("4.15.18"),
    },
    {
      law: "table-after-flush",
      on: from("4.4", "4.4"),
      pinned: "table-after-flush.callback.json",
      repaired: released("4.15.18"),
    },
    {
      law: "table-after-flush",
      on: from("4.15.18", "6.19.10"),
      where: "arch gen, which never invalidates",
      pinned: "table-after-flush.gen.json",
      repaired: changed("4.19", "4.19 that invalidates everywhere", { steps: { invalidate: flushTlbOnly } }),
    },
    {
      law: "table-after-flush",
      on: ["gather-3.1-s390"],
      pinned: "table-after-flush.s390.json",
      repaired: released("2.6.28-s390"),
    },
    {
      law: "freed-table-not-walked",
      on: ["gather-4.4"],
      pinned: "freed-table-not-walked.json",
      repaired: released("4.15.18"),
    },
  ],
  explains: ({ response, after }) =>
    response.reached?.by === "walk of a freed table" ||
    after?.reply.earlyTables.some(({ how }) => how !== "at once") === true,
};
