import type { InterleavedBug } from "../../interleaved.ts";

export const gupFastVsCollapse: InterleavedBug = {
  id: "gup-fast-vs-collapse",
  number: "D16",
  says: "khugepaged clears a pmd, and a broadcast flush does not wait for GUP-fast. GUP-fast, which read the pmd before, takes a reference after khugepaged has looked for one, and looks again only at the PTE.",
  source:
    "70cbc3cc78a9, mm: gup: fix the fast GUP race against THP collapse; 2ba99c5e0881, mm/khugepaged: fix GUP-fast interaction by sending IPI",
  fixed: "6.0; for files 6.1",
  violations: [
    {
      law: "pinned-page-stays",
      protocol: "collapses-5.19",
      scope: { cpus: 2 },
      pinned: "interleaving.json",
      repaired: "collapses-6.0",
    },
    {
      law: "freed-table-not-walked",
      protocol: "tables-6.0-collapse-of-files",
      scope: { cpus: 2, remote: 0 },
      pinned: "collapse-of-files.json",
      repaired: "tables-6.1-collapse-of-files",
    },
  ],
};
