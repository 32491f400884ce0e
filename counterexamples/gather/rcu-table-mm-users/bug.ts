import type { GatherTerms } from "../../../spec/gather/terms.ts";
import type { Bug } from "../../../spec/wing.ts";
import { changed, from, released } from "../changed.ts";

export const rcuTableMmUsers: Bug<GatherTerms> = {
  id: "rcu-table-mm-users",
  number: "D11",
  says: "The last user of an mm frees page tables at once. A CPU that keeps the mm lazily may walk them, and so may others on its behalf.",
  source:
    "a6f572084fbe, Peter Zijlstra, 2018, reported by Will Deacon; doubted by Benjamin Herrenschmidt on 2010-04-08; in s390 fixed by cd94154cc6a2, Martin Schwidefsky, 2012",
  fixed: "4.19",
  changed: undefined,
  violations: [
    ...(["table-after-flush", "table-after-walkers", "freed-table-not-walked"] as const).map((law) => ({
      law,
      on: [...from("3.0.66", "3.16"), "gather-4.15"],
      pinned: `${law}.json`,
      repaired: released("4.15.18"),
    })),
    {
      law: "table-after-walkers",
      on: ["gather-2.6.28-ppc64", "gather-3.1-ppc64"],
      pinned: "table-after-walkers.ppc64.json",
      repaired: changed("3.1-ppc64", "3.1-ppc64 without the shortcut", { facts: { usersShortcut: false } }),
    },
    ...(["table-after-flush", "table-after-walkers", "freed-table-not-walked"] as const).map((law) => ({
      law,
      on: ["gather-3.1-s390"],
      pinned: `${law}.s390.json`,
      repaired: changed("3.1-s390", "3.1-s390 without the shortcut", { facts: { usersShortcut: false } }),
    })),
  ],
  explains: ({ law, command, after }) =>
    law !== "table-after-flush"
      ? command.op === "freeTable" || command.op === "touch"
      : after?.reply.earlyTables.some(({ how }) => how === "at once") === true,
};
