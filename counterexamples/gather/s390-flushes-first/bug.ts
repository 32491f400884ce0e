import type { GatherTerms } from "../../../spec/gather/terms.ts";
import type { Bug } from "../../../spec/wing.ts";
import { changed } from "../changed.ts";

export const s390FlushesFirst: Bug<GatherTerms> = {
  id: "s390-flushes-first",
  number: undefined,
  says: "s390 flushes when a gather of the whole mm begins, or up to 2.6.39 of an mm with one user, and then frees tables at once. A CPU that has the mm loaded may walk between the two, and keeps the table.",
  source: "02a8f3abb708, Martin Schwidefsky, 2014",
  fixed: "3.15",
  changed: undefined,
  violations: [
    {
      law: "freed-table-not-walked",
      on: ["gather-2.6.28-s390", "gather-3.1-s390"],
      pinned: "freed-table-not-walked.json",
      repaired: changed("2.6.28-s390", "2.6.28-s390 that flushes last", {
        facts: { s390FlushesFirst: false },
      }),
    },
  ],
  explains: ({ before }) => [...before.gathers.values()].some(({ flushedFirst }) => flushedFirst),
};
