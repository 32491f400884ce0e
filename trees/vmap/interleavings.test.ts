/**
 * Calls of several CPUs on a tree's own code. VMAPCHECK_TREES names the trees, with a colon between two; without it, or
 * without a compiler, what is judged of text alone is tested.
 */
import { describe, expect, test } from "vitest";
import { formatTreeRun, treeRunIn } from "../../adapters/tree-run-file.ts";
import { protocolFor } from "../../jobs/interleaved-orders.ts";
import { filmOfTreeRun } from "../../jobs/page/tree-run-film.ts";
import { replay } from "../../jobs/replay.ts";
import { replayTreeRun } from "../../jobs/trees/run.ts";
import { exploreTreeSteps, stepName, treeStepsAsked } from "../../jobs/trees/steps.ts";
import { DRAWN, drawnCalls } from "../../jobs/trees/steps-drawn.ts";
import { lawViolated } from "../../jobs/trees/steps-judge.ts";
import { treeName } from "../../jobs/trees/trees.ts";
import { compareVersions, type Version, versionOf } from "../../spec/vmap/change.ts";
import { canRunTrees, changedTree, TREES } from "../given-trees.testing.ts";
import { hasHostCompiler } from "../native-build.ts";
import { readTree } from "../source-tree.ts";
import { parseCalls } from "./calls.ts";
import { outcomesOfProtocol, textsOf } from "./protocol-outcomes.testing.ts";

const CAN_RUN = canRunTrees("interleavings of real trees", hasHostCompiler);
/** Trees of the shape of 6.9 and later, of which the copies below change a line. */
const NEW_TREES = CAN_RUN ? TREES.filter((directory) => isFrom(directory, "6.9")) : TREES;

/** Trees before 6.5. */
const OLD_TREES = CAN_RUN ? TREES.filter((directory) => !isFrom(directory, "6.5")) : TREES;

async function replayed(bug: string, directory: string) {
  const found = await replay(bug, { kernel: treeName(directory), grain: "step" });
  if (found.kind !== "tree run") throw new Error(`${bug} is a ${found.kind}`);
  return found;
}

function versionAt(directory: string): Version {
  return versionOf(readTree(directory).version ?? "") as Version;
}

function isFrom(directory: string, version: string): boolean {
  return compareVersions(versionAt(directory), versionOf(version) as Version) >= 0;
}

const FULL_BLOCK = "x = map 1; y = map 1";
const WINDOW = `${FULL_BLOCK} : unmap y | unmap x; aliases`;

async function explored(
  directory: string,
  calls: string,
  { law, ...more }: { scope?: string; grain?: string; law?: string } = {},
) {
  const found = await exploreTreeSteps(treeStepsAsked(directory, { calls, ...more }), { law });
  return { ...found, laws: found.reports.map(({ law }) => law) };
}

/** The repair of C13: under the block's lock its area becomes lazy, and only then it leaves the index. */
const repaired = (directory: string) =>
  changedTree(
    directory,
    [
      /spin_unlock\(&vb->lock\);\n(\s*)free_vmap_block\(vb\);/,
      "free_vmap_block(vb);\n$1spin_unlock(&vb->lock);",
    ],
    [
      /(static void free_vmap_block[\s\S]*?)(\txa = addr_to_vb_xa[\s\S]*?)(\tvn = addr_to_node[\s\S]*?noflush\(vb->va\);\n)/,
      (_all, head = "", leaves = "", becomesLazy = "") =>
        `${head}\tunsigned long at = vb->va->va_start;\n${becomesLazy}${leaves.replaceAll("vb->va->va_start", "at")}`,
    ],
  );

/** What the full block does where it is freed. */
const LAST_FREE = /BUG_ON\(vb->free\);/;

describe.skipIf(!CAN_RUN)("with VMAPCHECK_TREES and a compiler (skipped without):", () => {
  describe.each(TREES)("%s", (directory) => {
    test("ends as the protocol of its version does, run by run, however two unmaps and two vm_unmap_aliases are shared out", async () => {
      const protocol = protocolFor(versionAt(directory), "blocks") as string;
      const other = protocol === "blocks-6.12" ? "blocks-5.13" : "blocks-6.12";
      const differing: unknown[] = [];
      let [outcomes, violating, unlikeOther] = [0, 0, 0];
      for (const lanes of sharings(["unmap x", "unmap y", "aliases", "aliases"])) {
        const calls = `${FULL_BLOCK} : ${lanes.map((lane) => lane.join("; ")).join(" | ")}`;
        const found = await exploreTreeSteps(treeStepsAsked(directory, { calls }), { outcomes: true });
        const ours = textsOf(found.outcomes);
        const theirs = textsOf(outcomesOfProtocol(protocol, lanes));
        outcomes += ours.length;
        violating += found.reports.length > 0 ? 1 : 0;
        unlikeOther += ours.join() === textsOf(outcomesOfProtocol(other, lanes)).join() ? 0 : 1;
        if (found.ended !== "fixpoint" || ours.join() !== theirs.join())
          differing.push({ lanes, ended: found.ended, ours, theirs });
      }
      expect(differing).toEqual([]);
      expect(violating).toBeGreaterThan(0);
      expect(outcomes).toBeGreaterThan(28);
      expect(unlikeOther).toBeGreaterThan(0);
    });

    test("keeps nothing-leaks where a purge and a new block meet", async () => {
      const found = await explored(directory, QUEUES, { scope: "block=4,map=2", grain: "once" });
      expect([found.ended, found.laws]).toEqual(["fixpoint", []]);
    });

    test("violates no-alias-after-unmap-aliases, in a run that replays exactly", async () => {
      const { reports } = await explored(directory, WINDOW);
      const [report] = reports;
      expect([report?.law, report?.bug]).toEqual([
        "no-alias-after-unmap-aliases",
        isFrom(directory, "6.5") ? "vb-final-free-window" : "vb-full-block-stale",
      ]);
      const file = treeRunIn("run", JSON.parse(report?.file ?? ""));
      const again = await replayTreeRun("run", file, directory);
      expect([again.how, again.laws]).toEqual(["exactly", ["no-alias-after-unmap-aliases"]]);
      expect(again.run.steps.map(stepName)).toEqual(file.steps);
      // Steps behind the violation are not taken: it ends the run.
      const longer = await replayTreeRun("run", { ...file, steps: [...file.steps, "CPU 0: any"] }, directory);
      expect([longer.how, longer.laws]).toEqual(["exactly", again.laws]);
    });
  });

  test.each(NEW_TREES)("%s violates what is pinned for C13, step by step", async (directory) => {
    const found = await replayed("C13", directory);
    expect([found.how, found.laws]).toEqual(["exactly", ["no-alias-after-unmap-aliases"]]);
    // As the page draws it: both pages have no PTE, and a TLB may hold them.
    const { outcome, lanes, steps } = filmOfTreeRun(found);
    expect([outcome, lanes]).toEqual(["violated", ["CPU 0", "CPU 1"]]);
    expect(steps.at(-1)).toMatchObject({ cpu: 1, drawn: ["tt"], holds: [[], []] });
    expect(steps[12]?.holds).toEqual([[], ["&vmap_purge_lock"]]);
  });

  test.each(OLD_TREES)("%s violates what is pinned for C7, in its order", async (directory) => {
    const found = await replayed("C7", directory);
    expect(found.how).not.toBe("searched");
    expect(found.laws).toEqual(["no-alias-after-unmap-aliases"]);
  });

  describe.each(NEW_TREES)("%s", (directory) => {
    test("violates no-alias-after-unmap-aliases (C13) in 18 steps", async () => {
      const { reports, ended } = await explored(directory, WINDOW);
      expect([ended, reports.map(({ run }) => run.steps.length)]).toEqual(["fixpoint", [18]]);
    });

    test.each(["locks", "once"])("keeps every law with C13 repaired, in steps at %s", async (grain) => {
      const copy = repaired(directory);
      for (const calls of [WINDOW, `${FULL_BLOCK} : unmap y; aliases; map 1 | unmap x; aliases`]) {
        const { ended, laws } = await explored(copy, calls, { grain });
        expect([ended, laws]).toEqual(["fixpoint", []]);
      }
    });

    test.each([
      [
        "loses the last page of a dirty range",
        [/offset \+ \(1UL << order\)\);/, "offset);"],
        "unmap x; aliases | map 1",
      ],
      [
        "marks a page dirty before it clears its PTE",
        [
          /(\tvunmap_range_noflush\(addr, addr \+ size\);\n)([\s\S]*?)(\tvb->dirty_min = min[\s\S]*?offset \+ \(1UL << order\)\);\n)/,
          "\tspin_lock(&vb->lock);\n$3\tspin_unlock(&vb->lock);\n$1$2",
        ],
        "unmap x; aliases | aliases",
      ],
    ] as const)(
      "violates what C13 violates in a way that is not its release's where vb_free %s",
      async (_says, change, lanes) => {
        const calls = `${FULL_BLOCK} : ${lanes}`;
        const changed = await explored(changedTree(directory, change), calls);
        expect(changed.reports.map(({ law, bug, alike }) => [law, bug, alike])).toEqual([
          ["no-alias-after-unmap-aliases", undefined, "vb-final-free-window"],
        ]);
        const own = await explored(directory, calls);
        expect([own.ended, own.laws]).toEqual(["fixpoint", []]);
      },
    );

    test("has both its release's way to violate a law and another one reported", async () => {
      const copy = changedTree(directory, [/offset \+ \(1UL << order\)\);/, "offset);"]);
      const { reports } = await explored(copy, WINDOW);
      const found = reports.filter(({ law }) => law === "no-alias-after-unmap-aliases");
      expect(found.map(({ bug }) => bug)).toEqual([undefined, "vb-final-free-window"]);
    });

    test("has a run of C13 that the repaired tree cannot take, and all others keep the law", async () => {
      const { reports } = await explored(directory, WINDOW);
      const file = treeRunIn("run", JSON.parse(reports[0]?.file ?? ""));
      const found = await replayTreeRun("run", file, repaired(directory));
      expect([found.how, found.accepted, found.laws]).toEqual(["searched", true, []]);
    });

    test("violates calls-return where memory is short and a purge waits for a helper, and not if its shrinker gives up", async () => {
      const short = { scope: "lazy=0,pressure=1" };
      const { reports } = await explored(directory, TWO_NODES, short);
      expect(reports.map(({ law, bug }) => [law, bug])).toEqual([
        ["calls-return", "purge-waits-for-reclaim"],
      ]);
      const trying = changedTree(directory, [
        /guard\(mutex\)\(&vmap_purge_lock\);([\s\S]*?)(\s*return SHRINK_STOP;)/,
        "if (!mutex_trylock(&vmap_purge_lock)) return SHRINK_STOP;$1 mutex_unlock(&vmap_purge_lock);$2",
      ]);
      const clean = await explored(trying, TWO_NODES, short);
      expect([clean.ended, clean.laws]).toEqual(["fixpoint", []]);
    });

    test("violates pools-counted or loses an extent where its shrinker takes no lock", async () => {
      const copy = changedTree(directory, [/guard\(mutex\)\(&vmap_purge_lock\);/, ""]);
      const { laws } = await explored(copy, POOL, { scope: "lazy=0" });
      expect(laws).toEqual(
        isFrom(directory, "6.16") ? ["extent-in-one-place", "pools-counted"] : ["pools-counted"],
      );
      const own = await explored(directory, POOL, { scope: "lazy=0" });
      expect([own.ended, own.laws]).toEqual(["fixpoint", []]);
    });

    test("keeps every law where areas are read, and reads a freed one only for a caller that does not hold it", async () => {
      for (const reader of ["show", "read", "show; read"]) {
        const { ended, laws } = await explored(directory, `v = vmap 1; map 1 : ${reader} | vunmap v; purge`);
        expect([reader, ended, laws]).toEqual([reader, "fixpoint", []]);
      }
      const found = await explored(directory, "v = vmap 1 : find v | vunmap v; purge");
      expect(found.laws).toEqual(["no-use-after-free"]);
    });

    test.each([
      ["no-use-after-free", "frees a block at once", [/kfree_rcu\(vb, rcu_head\)/, "kfree(vb)"]],
      [
        "calls-return",
        "forgets to unlock",
        [/(static void vb_free[\s\S]*?\} else\n)\s*spin_unlock\(&vb->lock\);/, "$1;"],
      ],
      ["calls-return", "never ends", [LAST_FREE, "for (;;) ;"]],
      ["no-bug", "stops", [LAST_FREE, "BUG_ON(vb->dirty_max);"]],
      [
        "no-bug",
        "unlocks what it did not lock",
        [/(static void vb_free[\s\S]*?)spin_lock\(&vb->lock\);/, "$1"],
      ],
    ] as const)("violates %s where it %s", async (law, _says, replaced) => {
      expect((await explored(changedTree(directory, replaced), WINDOW, { law })).laws).toContain(law);
    });

    test("violates nothing-leaks at WRITE_ONCE where it takes the lock of another queue (C10)", async () => {
      const copy = changedTree(directory, [
        /(static bool purge_fragmented_block[\s\S]*?vbq = )&per_cpu\(vmap_block_queue, vb->cpu\)/,
        "$1raw_cpu_ptr(&vmap_block_queue)",
      ]);
      const found = await explored(copy, QUEUES, { scope: "block=4,map=2", grain: "once" });
      expect(found.laws).toEqual(["nothing-leaks"]);
    });
  });
});

/** An area of each node becomes lazy, and a purge leaves one node to a helper. */
const TWO_NODES = "a = alloc 1; on 1 b = alloc 1 : free a | free b";
/** Two extents lie in a pool, and a third is about to. */
const POOL = "a = alloc 1; b = alloc 1; c = alloc 1; free a; free b : shrink | free c";

/** CPU 1's only block is fragmented; CPU 0 purges it, CPU 1 makes another. */
const QUEUES = "on 1 x = map 1; on 1 y = map 2; on 1 unmap x; on 1 unmap y : purge | map 2";

/** These calls on two CPUs, some on each, in this order. */
function sharings(calls: readonly string[]): readonly (readonly string[])[][] {
  return Array.from({ length: 2 ** calls.length - 2 }, (_none, nth) => {
    const on = (cpu: number) => calls.filter((_call, at) => (((nth + 1) >> at) & 1) === cpu);
    return [on(0), on(1)];
  });
}

describe("calls as they are typed", () => {
  test("name what they take, or take the latest of their CPU", () => {
    const { calls, cpus } = parseCalls("x = map 1; on 2 alloc 2 : unmap x | map 1; unmap");
    expect(cpus).toBe(3);
    expect(calls.map(({ verb, takes }) => [verb, takes])).toEqual([
      ["map", -1],
      ["alloc", -1],
      ["unmap", 0],
      ["map", -1],
      ["unmap", 3],
    ]);
  });

  test.each([
    ["", "from 1 to 24 calls, not 0"],
    ["mop 1", '"mop 1" is no call'],
    ["map", '"map" is no call'],
    ["map 1: map 1: map 1", "one colon is expected"],
    ["unmap", "there is none"],
    ["x = map 1; unmap x | unmap x", "there is none"],
    ["x = map 1; free x", "takes what a alloc gave"],
    ["x = map 1 | x = map 1", "x is given twice"],
    ["map 1|map 1|map 1|map 1|map 1", "at most 4 CPUs"],
    ["on 9 map 1 : aliases", "a CPU from 0 to 3"],
  ])("%j are refused: %s", (text, says) => {
    expect(() => parseCalls(text)).toThrow(says);
  });

  test("are drawn, every pair and triple, and all of them are calls", () => {
    for (const drawn of DRAWN) {
      const texts = drawnCalls(drawn);
      expect(new Set(texts.map((text) => parseCalls(text).cpus))).toEqual(new Set([2]));
      expect(new Set(texts).size).toBe(texts.length);
    }
  });
});

describe("what a step reports violates", () => {
  const scope = { block: 2, map: 1, pages: 16, lazy: 1000, pressure: 0 };
  const calls = parseCalls("x = map 1 : aliases | unmap x");
  test.each([
    ["return 0 2 1000 0 0 0 0", undefined],
    ["return 0 2 1000 2 0 0 0", "flush-before-reuse"],
    ["return 0 2 1000 0 2 0 0", "no-overlap"],
    ["return 0 3 0 0 0 0 0", undefined],
    ["return 1 1 0 0 0 0 0", undefined],
    ["return 1 1 0 0 0 1 0", "no-alias-after-unmap-aliases"],
    ["return 1 1 0 0 0 0 1", "no-alias-after-unmap-aliases"],
    ["flush 0 1000", undefined],
    ["flush 1000 1000", "flush-well-formed"],
    ["stop bug x at vmalloc.c:1", "no-bug"],
    ["stop freed ", "no-use-after-free"],
    ["stop crash ", "no-crash"],
    ["stop hung ", "calls-return"],
    ["stop deadlock ", "calls-return"],
    ["lost 0 1", "nothing-leaks"],
    ["lazy 2 2", undefined],
    ["lazy 2 3", "lazy-count"],
    ["lazy 0 ffffffffffffffff", "lazy-count"],
    ["lazy 3e9 3e9", "lazy-bounded"],
    ["space 0 0 0", undefined],
    ["space 4 0 0", "extent-in-one-place"],
    ["space 0 1 0", "extent-in-one-place"],
    ["space 0 0 1", "pools-counted"],
  ])("%j: %s", (text, law) => {
    expect(lawViolated(text, calls, scope)?.id).toBe(law);
  });
});

test("a run's file is read as it was written, and a step of no CPU is refused", () => {
  const run = {
    tree: "6.12",
    calls: "map 1 | aliases",
    scope: { block: 2 },
    grain: "once",
    law: "no-bug",
    steps: ["CPU 0: map 1: begins", "worker: lock x"],
  } as const;
  expect(treeRunIn("run.json", JSON.parse(formatTreeRun(run)))).toEqual(run);
  const wrong = { ...JSON.parse(formatTreeRun(run)), steps: ["CPU 0 begins"] };
  expect(() => treeRunIn("run.json", wrong)).toThrow("run.json: steps[0]: expected CPU N: or worker:");
});
