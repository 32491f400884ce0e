/** Bugs of releases, in the order of their numbers: if several explain a violation, the first gives the name. */
import { flushTlbOnly } from "../../kernels/gather/flush.ts";
import { tableOf } from "../../spec/gather/scope.ts";
import type { GatherTerms } from "../../spec/gather/terms.ts";
import type { Removal, World } from "../../spec/gather/world.ts";
import type { Bug } from "../../spec/wing.ts";
import { changed, freedHow, from, isOfFrame, missedIn, pinned, released } from "./changed.ts";

const D11 = [...from("3.0.66", "3.16"), "gather-4.15"];
const PPC64 = ["gather-2.6.28-ppc64", "gather-3.1-ppc64"];
const WITHOUT_SHORTCUT = { facts: { usersShortcut: false } };

/** What a reply flushed past, or freed early. */
const missedOrEarly = (after: World | undefined): readonly Removal[] => [
  ...(after?.reply.missed ?? []),
  ...(after?.reply.early ?? []),
];

type Recorded = Omit<Bug<GatherTerms>, "changed" | "explains"> & Partial<Pick<Bug<GatherTerms>, "explains">>;

const ALL: readonly Recorded[] = [
  {
    id: "tlb-fast-mode",
    number: "D1",
    says: "With one CPU pages are freed at once, and the TLB is flushed when the gather ends. Up to 2.6.39 nothing else runs on that CPU meanwhile; since 3.0 the owner may sleep, and the next task reaches a page that is free.",
    source: "29eb77825cc7, Peter Zijlstra, 2013, reported by Max Filippov; broken since d16dfc550f53",
    fixed: "3.10",
    violations: [
      ...pinned(["page-after-flush"], from("2.6.28", "3.9.6"), released("3.10.4")),
      ...pinned(
        ["page-after-flush"],
        PPC64,
        changed("3.1-ppc64", "3.1-ppc64 without fast mode", { facts: { fastMode: false } }),
        ".ppc64",
      ),
      ...pinned(["freed-not-reached"], from("3.0.66", "3.9.6"), released("3.10.4")),
    ],
    explains: ({ before, command, after, response }) =>
      response.reached !== undefined
        ? before.scope.cpus === 1 && !isOfFrame(before, command)
        : after?.reply.early.some(({ atOnce }) => atOnce) === true,
  },
  {
    id: "zap-range-wrong-half",
    number: "D2",
    says: "Where a zap stops because the gather is full, it flushes from the page it stopped at to the end: the pages before it, which it frees, keep their translations.",
    source: "e6c495a96ce0, Vineet Gupta, 2013; recorded in 3.9.6 and 3.10.4",
    fixed: "3.11",
    violations: pinned(
      ["page-after-flush", "flush-covers", "freed-not-reached"],
      from("3.9.6", "3.10.4"),
      released("4.4"),
    ),
    explains: ({ before, command }) => missedIn(before, command) === "zap",
  },
  {
    id: "gather-range-corner",
    number: "D3",
    says: "The range of a gather is ~0 to 0 until a zap sets it, and then stays what that zap set: any other flush covers nothing, or something else.",
    source: "2b047252d087, Linus Torvalds, 2013",
    fixed: "3.11",
    violations: pinned(
      ["page-after-flush", "flush-covers", "freed-not-reached"],
      from("3.9.6", "3.10.4"),
      released("3.16"),
    ),
    explains: ({ before, command }) => !["zap", "touch"].includes(missedIn(before, command)),
  },
  {
    id: "zap-misses-last-page",
    number: undefined,
    says: "Where a zap stops, its flush ends at the address of the page it stopped at: that page is freed with the others, and keeps its translation until the next flush.",
    source: "recorded in 3.16, which has 1cf35d47712d; fb7332a9fedf made the range that of the entries",
    fixed: "3.19",
    violations: pinned(
      ["page-after-flush", "flush-covers", "freed-not-reached"],
      ["gather-3.16"],
      released("4.4"),
    ),
    explains: ({ before, command, after }) =>
      command.op === "touch"
        ? missedIn(before, command) !== "touch"
        : missedOrEarly(after).some(({ table }) => table === undefined),
  },
  {
    id: "table-outside-range",
    number: undefined,
    says: "A gather flushes the range that its caller gave it, or what an early stop of a zap left of that. A page table may begin below it, and no flush covers that address.",
    source: "recorded in 3.16; fb7332a9fedf adds each table to the range",
    fixed: "3.19",
    violations: pinned(["page-after-flush", "flush-covers"], ["gather-3.16"], released("4.4")),
    explains: ({ after }) => missedOrEarly(after).some(({ table }) => table !== undefined),
  },
  {
    id: "madv-flush-miss",
    number: "D6",
    says: "Two threads zap the same range. The one that finds the entries clear flushes nothing, and returns to its user while translations are still there.",
    source: "99baac21e458, Minchan Kim, 2017; 56236a59556c",
    fixed: "4.13",
    violations: pinned(["finish-leaves-nothing-stale"], from("2.6.28", "4.4"), released("4.15")),
  },
  {
    id: "rcu-table-no-invalidate",
    number: "D10",
    says: "No flush comes before a page table is freed where its batch cannot be allocated, or is full: walk caches still lead to it. An architecture without such caches, as the hash MMU of powerpc, needs none. x86 frees tables through RCU since 4.15; the recorded x86 kernels before it were compiled to do so as well, as powerpc and sparc do.",
    source: "d86564a2f085, Peter Zijlstra, 2018, reported by Jann Horn; 0ed1325967ab; 26723911269b",
    fixed: "4.19, except in gen, which never invalidates",
    violations: [
      ...pinned(["table-after-flush"], D11, released("4.15.18")),
      ...pinned(["table-after-flush"], ["gather-4.4"], released("4.15.18"), ".callback"),
      ...pinned(
        ["table-after-flush"],
        from("4.15.18", "6.19.10"),
        changed("4.19", "4.19 that invalidates everywhere", { steps: { invalidate: flushTlbOnly } }),
        ".gen",
      ).map((each) => ({ ...each, where: "arch gen, which never invalidates" })),
      ...pinned(["table-after-flush"], ["gather-3.1-s390"], released("2.6.28-s390"), ".s390"),
      ...pinned(["freed-table-not-walked"], ["gather-4.4"], released("4.15.18")),
      ...pinned(["freed-table-not-walked"], D11, released("4.15.18"), ".users"),
      ...pinned(["freed-table-not-walked"], ["gather-3.1-s390"], released("2.6.28-s390"), ".s390"),
    ],
    explains: (evidence) => freedHow(evidence).some((how) => how !== "at once"),
  },
  {
    id: "s390-flushes-first",
    number: undefined,
    says: "s390 flushes when a gather of the whole mm begins, or up to 2.6.39 of an mm with one user, and then frees tables at once. A CPU that has the mm loaded may walk between the two, and keeps the table.",
    source: "02a8f3abb708, Martin Schwidefsky, 2014",
    fixed: "3.15",
    violations: pinned(
      ["freed-table-not-walked"],
      ["gather-2.6.28-s390", "gather-3.1-s390"],
      changed("2.6.28-s390", "2.6.28-s390 that flushes last", { facts: { s390FlushesFirst: false } }),
    ),
    explains: ({ before, command }) =>
      command.op === "touch" && before.flushedFirst.has(tableOf(command.addr)),
  },
  {
    id: "rcu-table-mm-users",
    number: "D11",
    says: "The last user of an mm frees page tables at once. A CPU that keeps the mm lazily may walk them, and so may others on its behalf. x86 frees tables so since 4.15; the recorded x86 kernels before it were compiled to do so as well, as powerpc and sparc do.",
    source:
      "a6f572084fbe, Peter Zijlstra, 2018, reported by Will Deacon; doubted by Benjamin Herrenschmidt on 2010-04-08; in s390 fixed by cd94154cc6a2, Martin Schwidefsky, 2012",
    fixed: "4.19",
    violations: [
      ...pinned(
        ["table-after-flush", "table-after-walkers", "freed-table-not-walked"],
        D11,
        released("4.15.18"),
      ),
      ...pinned(
        ["table-after-walkers"],
        PPC64,
        changed("3.1-ppc64", "3.1-ppc64 without the shortcut", WITHOUT_SHORTCUT),
        ".ppc64",
      ),
      ...pinned(
        ["table-after-flush", "table-after-walkers", "freed-table-not-walked"],
        ["gather-3.1-s390"],
        changed("3.1-s390", "3.1-s390 without the shortcut", WITHOUT_SHORTCUT),
        ".s390",
      ),
    ],
    explains: ({ law, ...seen }) =>
      law === "table-after-walkers"
        ? seen.command.op === "freeTable"
        : freedHow(seen).some((how) => how === "at once"),
  },
  {
    id: "pfnmap-unlink-before-flush",
    number: "D15",
    says: "A vma of frames without pages leaves the rmap before its entries are flushed: a driver that looks for mappings finds none, and frees a frame that CPUs still reach.",
    source: "b67fbebd4cf9, Peter Zijlstra and Jann Horn, 2022, CVE-2022-39188",
    fixed: "5.19",
    violations: pinned(
      ["unlinked-is-flushed", "freed-not-reached"],
      [...from("3.0.66", "5.17"), ...from("2.6.28", "2.6.39")],
      released("6.1.10"),
    ),
    explains: ({ before, command }) => command.op === "unlink" || isOfFrame(before, command),
  },
  {
    id: "batches-unbounded",
    number: undefined,
    says: "A gather takes batches without end, and frees millions of pages at once: other tasks of the CPU wait for seconds.",
    source: "53a59fc67f97, Michal Hocko, 2012",
    fixed: "3.8",
    violations: pinned(["batches-bounded"], ["gather-3.1"], released("3.0.66")),
  },
  {
    id: "flush-of-nothing",
    number: undefined,
    says: "A gather of the whole mm flushes when it finishes, though nothing was removed, or all of it was flushed before.",
    source: "0d6e24d430ef, Peter Zijlstra, 2020",
    fixed: "5.6",
    violations: pinned(["flush-only-removed"], from("4.4", "5.4.18"), released("5.11")),
  },
];

export const RECORDED: readonly Bug<GatherTerms>[] = ALL.map((bug) => ({
  explains: () => true,
  ...bug,
  changed: undefined,
}));
