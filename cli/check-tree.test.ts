/**
 * `check --tree` and its kin: what is refused, and what a tree with a known bug comes to. VMAPCHECK_TREES names
 * trees, with a colon between two; without it, or without a clang for wasm32, only refusals can be run.
 */

import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { hunt } from "../jobs/hunt.ts";
import { replay } from "../jobs/replay.ts";
import { openTree } from "../jobs/trees/trees.ts";
import { hasWebAssemblyCompiler } from "../trees/compiler.ts";
import { canRunTrees, changedTree, TREES } from "../trees/given-trees.testing.ts";
import { printedBy } from "./running.testing.ts";
import { type CheckArguments, checkVerb } from "./verbs/check.ts";
import { huntVerb } from "./verbs/hunt.ts";

const before = process.cwd();
afterEach(() => process.chdir(before));

const CAN_RUN = canRunTrees("check --tree on real trees", hasWebAssemblyCompiler);
const OPTIONS: CheckArguments = { seed: 1, runs: 0, details: false, coverage: false, json: false };
const HUNT = { seed: 1, tries: 200, json: true } as const;
const fresh = () => mkdtempSync(join(tmpdir(), "vmapcheck-tree-"));

describe("a tree is refused", () => {
  test("where there is no such directory", () => {
    expect(() => openTree("/nowhere/at/all", undefined)).toThrow(
      "/nowhere/at/all: expected the directory of a kernel tree",
    );
  });

  test("without mm/vmalloc.c", () => {
    const empty = fresh();
    expect(() => openTree(empty, undefined)).toThrow("expected a kernel tree, but it has no mm/vmalloc.c");
  });

  test("without another file that is compiled, which is named", () => {
    const part = fresh();
    mkdirSync(join(part, "mm"));
    writeFileSync(join(part, "mm/vmalloc.c"), "");
    expect(() => openTree(part, undefined)).toThrow(
      `${join(part, "lib/rbtree.c")}: expected this file as well`,
    );
  });

  test("by a bug that has a run of a tree's own code, too", async () => {
    await expect(replay("C13", { kernel: "tree:/nowhere" })).rejects.toThrow(
      "/nowhere: expected the directory of a kernel tree",
    );
  });

  test.each(["purge-waits-for-reclaim", "counterexamples/vmap/vb-final-free-window/interleaving.json"])(
    "by %s, which has only an interleaving of a protocol, in a line that names what explores a tree",
    async (target) => {
      await expect(replay(target, { kernel: "tree:/nowhere" })).rejects.toThrow(
        "tree:/nowhere: an interleaving of a protocol's steps is not taken on a tree; explore tree:/nowhere --calls pairs looks for a tree's own",
      );
    },
  );

  test("by hunt as well", async () => {
    await expect(hunt({ bugs: ["tree:/nowhere"], seed: 1 })).rejects.toThrow(
      "/nowhere: expected the directory of a kernel tree",
    );
  });
});

/** What is changed in a tree to have C7: a block that gave out all its pages is passed over (6.5 and later). */
const C7_RETURNS = [
  /vb->dirty_max && (?=vb->dirty != VMAP_BBMAP_BITS\) \{)/,
  "vb->dirty_max && vb->free && ",
] as const;
const newest = TREES.at(-1) as string;

describe.skipIf(!CAN_RUN)("with VMAPCHECK_TREES and clang (skipped without):", () => {
  test("a tree in which C7 is back has it named as a bug that its release has not", async () => {
    process.chdir(fresh());
    const directory = changedTree(newest, C7_RETURNS);
    const { code, out } = await printedBy(() => checkVerb([], { ...OPTIONS, tree: directory }));
    expect(code).toBe(1);
    expect(out).toMatch(/violated as by others, not in \S+ +C7\n/);
    expect(out).toMatch(/no-alias-after-unmap-aliases .* C7\? in 5\n/);
    expect(out).toMatch(/as\s+by\s+the\s+history\s+of\s+vb-full-block-stale\s+\(C7\)\n/);
  });

  test("a tree whose vm_unmap_aliases never flushes is shown by a history of its own, shorter than those of C5 and C7", async () => {
    process.chdir(fresh());
    const directory = changedTree(newest, [/(!__purge_vmap_area_lazy\(start, end, false\) && )flush/, "$10"]);
    const { out } = await printedBy(() => checkVerb([], { ...OPTIONS, json: true, tree: directory }));
    const { kernels, surprises } = JSON.parse(out);
    const found = surprises.find(({ law }: { law: string }) => law === "pinned-is-unaliased");
    expect(found.alike).toEqual(["vb-dirtymap-word-cross", "vb-full-block-stale"]);
    expect(found.history).toHaveLength(3);
    const cell = kernels[1].laws.find(({ id }: { id: string }) => id === "pinned-is-unaliased");
    expect(cell).toMatchObject({ verdict: "broken", bug: null, commands: 3 });
  });

  test("finds-areas is violated in 2 commands by a tree that looks for an area on one node alone", async () => {
    process.chdir(fresh());
    const directory = changedTree(newest, [
      /(struct vmap_area \*find_vmap_area\(unsigned long addr\)[\s\S]*?while \()\(i = [^;]*;/,
      "$10);",
    ]);
    const { out } = await printedBy(() => checkVerb([], { ...OPTIONS, runs: 50, tree: directory }));
    expect(out).toMatch(/finds-areas .* \? in 2\n/);
  });

  test("hunt finds no-alias-after-unmap-aliases violated by a tree as its release does not, from any seed", async () => {
    process.chdir(fresh());
    const { out, code } = await printedBy(() =>
      huntVerb([], { ...HUNT, tree: changedTree(newest, C7_RETURNS) }),
    );
    expect(code).toBe(1);
    const { kernels } = JSON.parse(out);
    const [{ law, bug, expected, commands, replay: line }] = kernels;
    // C7 violates the law of pins as well.
    expect(["no-alias-after-unmap-aliases", "pinned-is-unaliased"]).toContain(law);
    expect([bug, expected]).toEqual(["vb-full-block-stale", false]);
    expect(commands).toBeLessThan(8);
    const [, path = ""] = /replay (\S+)$/.exec(line) ?? [];
    const replayed = await replay(path);
    expect("violations" in replayed && replayed.violations[0]?.law).toBe(law);
    expect("expected" in replayed && replayed.expected).toBe(false);
  });

  test("hunt finds nothing in an unchanged tree that its release is not known for", async () => {
    const { kernels } = await hunt({ bugs: [`tree:${newest}`], seed: 1, runs: 400 });
    expect(kernels.map(({ found, runs }) => [found, runs])).toEqual([[undefined, 400]]);
  });

  test("an unchanged tree has the bugs of its release, and a symbolic link to it is as good", async () => {
    const link = join(fresh(), "linked");
    symlinkSync(newest, link);
    const { out } = await printedBy(() => checkVerb([], { ...OPTIONS, tree: link }));
    expect(out).toMatch(/it has, as \S+ has +A13/);
    expect(out).not.toMatch(/it has, as .*C7/);
    expect(out).toMatch(/violated as by others, not in \S+ +none\n/);
  });
});
