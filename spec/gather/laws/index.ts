/** Every law of the wing. What a reply did, the world says (spec/gather/world.ts). */
import type { Law, LawId } from "../../contract.ts";
import type { Command } from "../commands.ts";
import type { Response } from "../response.ts";
import type { Reading, World } from "../world.ts";

export type GatherLaw = Law<World, Command, Response>;

/** A law that holds where one reply did nothing of a kind. */
function never(id: LawId, says: string, source: string, did: (reply: Reading) => boolean): GatherLaw {
  return {
    id,
    says,
    source,
    holds: (_before, _command, _response, after) => after === undefined || !did(after.reply),
  };
}

const EACH: readonly GatherLaw[] = [
  never(
    "page-after-flush",
    "A page is freed only after a TLB flush that covers its address, made since its entry was removed.",
    "Documentation/core-api/cachetlb.rst; include/asm-generic/tlb.h: unhook, invalidate, free; catalogue D1, D2, D3",
    ({ early }) => early.length > 0,
  ),
  never(
    "table-after-flush",
    "A page table is freed only after a TLB flush that covers it, made since it was unlinked.",
    "d86564a2f085; include/asm-generic/tlb.h on MMU_GATHER_TABLE_FREE; catalogue D10, D11",
    ({ earlyTables }) => earlyTables.length > 0,
  ),
  never(
    "table-after-walkers",
    "A page table is freed only after every lockless walker that may be in it has ended.",
    "mm/memory.c of 3.0 on RCU page tables; Benjamin Herrenschmidt on the patches to make mm preemptible, 2010-04-08; catalogue D10, D11",
    ({ walked }) => walked.length > 0,
  ),
  never(
    "freed-once",
    "No page, page table or batch page is freed twice.",
    "free_pages_and_swap_cache drops a reference that the PTE held",
    ({ twice }) => twice.length > 0,
  ),
  never(
    "nothing-lost",
    "When a gather finishes its pages and batch pages are freed, its tables freed or with RCU; after the grace period nothing waits.",
    "tlb_finish_mmu: everything gathered is freed",
    ({ lost }) => lost.length > 0,
  ),
  never(
    "flush-covers",
    "A flush covers all that its gather removed since its last one: addresses, levels and stride, and freed tables.",
    "e6c495a96ce0, 2b047252d087, 7a30df49f63a; catalogue D2, D3, D12",
    ({ missed, wrongLevels }) => missed.length > 0 || wrongLevels,
  ),
  never(
    "batches-bounded",
    "A gather holds at most what its bundle and a limited number of batches have room for.",
    "53a59fc67f97: soft lockups when millions of pages are freed at once",
    ({ over }) => over,
  ),
  never(
    "failed-allocation-flushes",
    "A gather that gets no batch page says that it is full, or flushes and frees what it has.",
    "d16dfc550f53: the bundle on the stack lets a gather proceed without memory",
    ({ stuck }) => stuck,
  ),
  never(
    "flush-only-removed",
    "A gather flushes only if it removed something since its last flush, or another flush is pending.",
    "0d6e24d430ef: avoid potential double flush",
    ({ idle }) => idle > 0,
  ),
  {
    id: "finish-leaves-nothing-stale",
    says: "When tlb_finish_mmu returns, no CPU translates an address in its range whose entry is clear.",
    source: "99baac21e458, 56236a59556c; catalogue D6",
    holds: (_before, command, _response, after) =>
      command.op !== "finish" || after === undefined || after.reply.stale.length === 0,
  },
  {
    id: "unlinked-is-flushed",
    says: "A vma of frames without pages leaves the rmap only after a flush of its entries.",
    source: "b67fbebd4cf9, CVE-2022-39188; catalogue D15",
    holds: (_before, command, _response, after) =>
      command.op !== "unlink" || after === undefined || after.reply.stale.length === 0,
  },
  {
    id: "one-hash-entry",
    says: "The hash table has at most one entry for an address.",
    source: "Benjamin Herrenschmidt on the patches to make mm preemptible, 2010-04-08; catalogue D18",
    holds: (_before, command, _response, after) =>
      command.op !== "insert" || after === undefined || after.reply.stale.length === 0,
  },
  {
    id: "hash-empty-outside-lazy",
    says: "No entry waits in the hash batch when lazy mode is left, nor when the PTE lock is dropped.",
    source: "Peter Zijlstra, linux-mm 20110307172206.557810970; catalogue D18",
    holds: (_before, command, _response, after) =>
      (command.op !== "lazy" && command.op !== "unlock") ||
      after === undefined ||
      after.reply.stale.length === 0,
  },
  {
    id: "freed-not-reached",
    says: "No CPU reaches a frame of the mm that was freed.",
    source: "the purpose of mmu_gather; catalogue D1, D6, D15",
    holds: (before, _command, { reached }) =>
      reached?.frame === undefined || !before.freed.has(reached.frame),
  },
  {
    id: "freed-table-not-walked",
    says: "No CPU walks a page table that was freed.",
    source: "a6f572084fbe, 3ef938c35035; catalogue D11, D17",
    holds: (_before, _command, { reached }) => reached?.by !== "walk of a freed table",
  },
];

/** The world follows what was done, kept or violated: what comes after a violation is judged as before. */
export const LAWS: readonly GatherLaw[] = EACH.map((law) => ({ ...law, worldAfterViolation: "sound" }));

export function lawsCalled(ids: readonly LawId[]): GatherLaw[] {
  return LAWS.filter(({ id }) => ids.includes(id));
}
