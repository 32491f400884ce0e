/**
 * The laws of contexts and masks on a tree's own code, as it is and with a line changed. VMAPCHECK_TREES names the trees,
 * with a colon between two; without it, or without a clang that compiles for wasm32, nothing here can be run.
 */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chdir, cwd } from "node:process";
import { describe, expect, test } from "vitest";
import { formatWatchedCall, type WatchedCallFile, watchedCallIn } from "../../adapters/watched-call-file.ts";
import { replay } from "../../jobs/replay.ts";
import {
  type ContextViolation,
  contextsOnTree,
  isOf,
  keepCalls,
  type ReplayedWatchedCall,
} from "../../jobs/trees/contexts.ts";
import { openTree } from "../../jobs/trees/trees.ts";
import { type CallFrom, CONTEXT_LAWS, MASKS, type Mask } from "../../spec/vmap/concepts.ts";
import { hasWebAssemblyCompiler } from "../compiler.ts";
import { canRunTrees, changedTree, type Replacement, TREES } from "../given-trees.testing.ts";
import { readTree } from "../source-tree.ts";
import type { WatchedViolation } from "./watched-calls.ts";

const CAN_RUN = canRunTrees("contexts and masks on real trees", hasWebAssemblyCompiler);
const textOf = (directory: string) => String(readTree(directory).files.get("mm/vmalloc.c"));
const violatedBy = (directory: string) => contextsOnTree(openTree(directory, undefined));

/** What a failed round has mapped is unmapped before the next. */
const repairedOf = (directory: string) =>
  changedTree(directory, [
    /(if \(nofail && \(ret < 0\)\))(\s*schedule_timeout_uninterruptible\(1\);)/,
    "$1 { vunmap_range_noflush(addr, addr + size);$2 }",
  ]);

/** Each with the law that it violates, the call that does, and which allocation fails in that. */
const CHANGES: readonly {
  readonly law: string;
  readonly what: string;
  readonly by: string;
  readonly fails: boolean;
  readonly change: Replacement;
}[] = [
  {
    law: "obeys-mask",
    what: "allocates the descriptor of an area with GFP_KERNEL",
    by: "vmalloc(GFP_NOFS)",
    fails: false,
    change: [
      /va = kmem_cache_alloc_node\(vmap_area_cachep, gfp_mask, node\)/,
      "va = kmem_cache_alloc_node(vmap_area_cachep, GFP_KERNEL, node)",
    ],
  },
  {
    law: "obeys-mask",
    what: "allocates page tables outside the scope of the mask",
    by: "vmalloc(GFP_NOIO)",
    fails: false,
    change: [/flags = memalloc_noio_save\(\)/, "flags = 0"],
  },
  {
    law: "sleeps-only-where-it-may",
    what: "may sleep under the lock of the free space",
    by: "vmalloc(GFP_KERNEL)",
    fails: false,
    change: [/(static void\n?\s*preload_this_cpu_lock[\s\S]*?spin_lock\(lock\);)/, "$1 might_sleep();"],
  },
  {
    law: "serves-allowed-contexts",
    what: "asserts that no caller waits for pages",
    by: "vmalloc(GFP_NOFS)",
    fails: false,
    change: [
      /BUG_ON\(in_(interrupt\(\)|nmi\(\) \|\| in_hardirq\(\))\);\n(\s*size = ALIGN)/,
      "BUG_ON(!(gfp_mask & __GFP_FS));\n$2",
    ],
  },
  {
    law: "nofail-is-served",
    what: "gives up where a page table cannot be had",
    by: "vmalloc(GFP_KERNEL | __GFP_NOFAIL)",
    fails: true,
    change: [/while \(nofail && \(ret < 0\)\)/, "while (0)"],
  },
  {
    law: "failure-leaves-nothing",
    what: "forgets the vm_struct of an area that it cannot have",
    by: "vmalloc(GFP_KERNEL)",
    fails: true,
    change: [/(if \(IS_ERR\(va\)\) \{\s*)kfree\(area\);(\s*return NULL;)/, "$1$2"],
  },
  {
    law: "sections-end",
    what: "leaves lazy MMU mode on where it has set PTEs",
    by: "vmalloc(GFP_KERNEL)",
    fails: false,
    change: [/(static int vmap_pages_pte_range[\s\S]*?)lazy_mmu_mode_disable\(\);/, "$1"],
  },
  {
    law: "serves-allowed-contexts",
    what: "asserts that bottom halves are on (B16)",
    by: "vmalloc(GFP_NOWAIT)",
    fails: false,
    change: [/BUG_ON\(in_nmi\(\) \|\| in_hardirq\(\)\)/, "BUG_ON(in_interrupt())"],
  },
  {
    law: "sleeps-only-where-it-may",
    what: "purges for a caller that may not wait",
    by: "vmalloc(GFP_NOWAIT)",
    fails: false,
    change: [/allow_block = gfpflags_allow_blocking\(gfp_mask\);/, "allow_block = true;"],
  },
  {
    law: "queued-in-mapped-memory",
    what: "frees a half-made area by vfree (9c47753167a6 reverted)",
    by: "vmalloc(GFP_NOWAIT)",
    fails: true,
    change: [/(fail:\n\s*)defer_vm_area_cleanup\(area\);/, "$1vfree(area->addr);"],
  },
];

describe.skipIf(!CAN_RUN)("with VMAPCHECK_TREES and clang (skipped without):", () => {
  describe.each(TREES)("%s", (directory) => {
    const isOld = CAN_RUN && !textOf(directory).includes("nofail && (ret < 0)");

    test("keeps every law of contexts from all callers that its version allows, but for nofail-is-served", () => {
      const { calls, violations } = violatedBy(directory);
      expect(violations.map(({ law, bug }) => [law, bug])).toEqual(
        isOld ? [] : [["nofail-is-served", "nofail-meets-its-own-ptes"]],
      );
      expect(calls).toBeGreaterThan(60);
    });

    test.skipIf(isOld)("keeps nofail-is-served with its own PTEs unmapped before it tries again", () => {
      expect(violatedBy(repairedOf(directory)).violations).toEqual([]);
    });

    test.skipIf(isOld)(
      "is not known for a call that may not fail and tries for ever without a failure",
      () => {
        const endless = changedTree(directory, [/while \(nofail && \(ret < 0\)\)/, "while (nofail)"]);
        const found = violatedBy(endless).violations.filter(({ law }) => law === "nofail-is-served");
        expect(found.map(({ fails, isEndless, bug }) => [fails, isEndless, bug])).toEqual([
          [0, true, undefined],
        ]);
      },
    );

    test.skipIf(isOld)(
      "has each violation in a file that replays it, and that a repaired tree accepts",
      async () => {
        const before = cwd();
        chdir(mkdtempSync(join(tmpdir(), "vmapcheck-calls-")));
        try {
          const { violations } = await keepCalls(violatedBy(directory), directory);
          const [, path = ""] = /replay (\S+) --tree/.exec(violations[0]?.replay ?? "") ?? [];
          const again = (await replay(path, { kernel: `tree:${directory}` })) as ReplayedWatchedCall;
          expect([again.accepted, again.found.map(({ law, fails }) => [law, fails])]).toEqual([
            false,
            violations.map(({ law, fails }) => [law, fails]),
          ]);
          const other = (await replay(path, {
            kernel: `tree:${repairedOf(directory)}`,
          })) as ReplayedWatchedCall;
          expect([other.accepted, other.found]).toEqual([true, []]);
          // The same call where another of its allocations fails is another call.
          const [violation] = violations as [ContextViolation];
          const elsewhere = JSON.stringify({
            ...JSON.parse(readFileSync(path, "utf8")),
            fails: violation.fails + 50,
          });
          writeFileSync("elsewhere.json", elsewhere);
          const none = (await replay("./elsewhere.json", {
            kernel: `tree:${directory}`,
          })) as ReplayedWatchedCall;
          expect([none.accepted, none.found]).toEqual([true, []]);
        } finally {
          chdir(before);
        }
      },
    );

    const here = CAN_RUN ? CHANGES.filter(({ change: [from] }) => from.test(textOf(directory))) : CHANGES;
    test.each(here)("violates $law where it $what", ({ law, by, fails, change }) => {
      const { violations } = violatedBy(changedTree(directory, change));
      const found = violations.filter((each) => each.law === law && each.call === by && !each.isEndless);
      expect(found).not.toEqual([]);
      expect(found.every((each) => each.fails > 0)).toBe(fails);
    });
  });

  /** Trees from 7.1 on, whose assertion lets softirqs pass. */
  const newest = CAN_RUN ? TREES.filter((each) => textOf(each).includes("in_nmi() || in_hardirq()")) : TREES;
  const softirq: CallFrom = { context: "softirq", mask: MASKS[0] as Mask };
  const process: CallFrom = { context: "process", mask: MASKS[3] as Mask };
  const callers = { vmalloc: [process, softirq], vfree: ["process"] } as const;

  test.each(newest)(
    "locks-survive-interrupts: %s called in softirqs violates it, and not with its spinlocks taken with bottom halves off",
    (directory) => {
      const lawsOf = (tree: string) =>
        contextsOnTree(openTree(tree, undefined), callers).violations.map(({ law }) => law);
      expect(lawsOf(directory)).toEqual(["locks-survive-interrupts"]);
      const locking = changedTree(directory, [/\bspin_(un)?lock\(/g, "spin_$1lock_bh("]);
      expect(lawsOf(locking)).toEqual([]);
    },
  );

  test("every law of contexts is violated by some change, on the newest tree", () => {
    const laws = new Set(CHANGES.map(({ law }) => law));
    const missing = CONTEXT_LAWS.filter(({ id }) => !laws.has(id)).map(({ id }) => id);
    expect(missing).toEqual(["locks-survive-interrupts"]);
  });
});

test("a violation of obeys-mask is the one in a file by mask, situation and failed allocation as well", () => {
  const mask = MASKS.find(({ name }) => name === "GFP_NOFS") as Mask;
  const violation: WatchedViolation = {
    law: "obeys-mask",
    call: "vmalloc(GFP_NOFS)",
    context: "process",
    mask,
    situation: "all is lazy",
    fails: 2,
    says: "",
    line: 1,
    isEndless: false,
    leavesPtes: false,
  };
  const { law, call: watched, context, situation, fails } = violation;
  const asked = { tree: "6.12.117", vmalloc: [], vfree: [] };
  const file: WatchedCallFile = { ...asked, law, watched, context, mask: mask.name, situation, fails };
  expect(isOf(file, violation)).toBe(true);
  const others: readonly Partial<WatchedViolation>[] = [
    { law: "failure-leaves-nothing" },
    { call: "vmap" },
    { context: "softirq" },
    { mask: MASKS.find(({ name }) => name !== "GFP_NOFS") as Mask },
    { situation: "each free purges" },
    { fails: 1 },
  ];
  expect(others.filter((other) => isOf(file, { ...violation, ...other }))).toEqual([]);
});

test("a call's file is read as it was written, and a mask that is none is refused", () => {
  const call: WatchedCallFile = {
    tree: "6.12.117",
    law: "obeys-mask",
    watched: "vmalloc(GFP_NOFS)",
    context: "process",
    mask: "GFP_NOFS",
    situation: "nothing is allocated",
    fails: 2,
    vmalloc: [{ context: "process", mask: "GFP_NOFS" }],
    vfree: ["process"],
  };
  expect(watchedCallIn("call.json", JSON.parse(formatWatchedCall(call)))).toEqual(call);
  const wrong = JSON.parse(formatWatchedCall({ ...call, mask: "GFP_ATOMIC" }));
  expect(() => watchedCallIn("call.json", wrong)).toThrow("call.json: mask: expected one of GFP_NOWAIT");
});
