/**
 * Failing allocations in real trees, as they are and with an error path changed. VMAPCHECK_TREES names their directories,
 * with a colon between two; without it, or without a clang that compiles for wasm32, nothing here can be run.
 */

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomRun } from "../../properties/random-run.ts";
import { HISTORIES } from "../../properties/vmap/histories.ts";
import type { JudgedStep } from "../../properties/vmap/test-bench.ts";
import type { LawId } from "../../spec/contract.ts";
import { MEMORY_LAWS } from "../../spec/process.ts";
import { hasWebAssemblyCompiler } from "../../trees/compiler.ts";
import { check } from "../check/check.ts";
import { turns } from "../check/kernel.ts";
import { namesOf } from "../hunt-target.ts";
import { replay } from "../replay.ts";
import { OPEN_VMAP } from "../vmap/open-wing.ts";
import { openTree } from "./trees.ts";

const GIVEN = (process.env.VMAPCHECK_TREES ?? "").split(":").filter((directory) => directory !== "");
const CAN_RUN = GIVEN.length > 0 && hasWebAssemblyCompiler();
/** What is not run has a name all the same. */
const TREES = GIVEN.length > 0 ? GIVEN : ["a tree"];

const IDS: readonly string[] = MEMORY_LAWS.map(({ id }) => id);

/** The branch of new_vmap_block for a block that cannot be indexed. */
const UNINDEXED = /(xa_insert\([^;]*;\s*if \()(err)(\) \{\s*)(kfree\(vb\);\s*)(free_vmap_area\(va\);)/;
const MUTANTS = [
  { what: "forgets the memory of a block", law: "failure-leaves-nothing", to: "$1$2$3$5", text: "memory" },
  { what: "forgets its area", law: "failure-leaves-nothing", to: "$1$2$3$4", text: "areas" },
  {
    what: "does not look at the error",
    law: "failure-is-reported",
    to: "$1(void)$2, 0$3$4$5",
    text: "blocks",
  },
];
/** The end of a block, in free_vmap_block. */
const LEAK = {
  what: "never frees a block",
  law: "memory-is-freed",
  to: "",
  text: "memory",
  from: /kfree_rcu\(vb, rcu_head\);/,
};

describe.skipIf(!CAN_RUN)("with VMAPCHECK_TREES and clang (skipped without):", () => {
  let folder: string;
  let here: string;
  beforeAll(() => {
    here = process.cwd();
    folder = mkdtempSync(join(tmpdir(), "vmapcheck-failing-"));
    process.chdir(folder);
  });
  afterAll(() => {
    process.chdir(here);
    rmSync(folder, { recursive: true, force: true });
  });

  /** What is violated first, in some histories of each scope. */
  function foundIn(directory: string, law?: LawId) {
    const { kernel } = openTree(directory, undefined);
    let commands = 0;
    for (const { asked, scope, seed } of turns(HISTORIES, kernel, { runs: 1, seed: 1 })) {
      if (asked === kernel) continue;
      const name = (step: JudgedStep) =>
        namesOf(OPEN_VMAP, asked, step).filter(({ law }) => IDS.includes(law));
      const report = randomRun(HISTORIES, {
        kernel: asked,
        scope,
        seed,
        histories: 20,
        law,
        name,
      });
      commands += report.commands;
      if (report.unknown !== undefined) return report.unknown;
    }
    return commands;
  }

  function mutantOf({ what, to, from = UNINDEXED }: (typeof MUTANTS)[number] & { from?: RegExp }): string {
    const directory = join(folder, what.replaceAll(" ", "-"));
    for (const part of ["lib/rbtree.c", "lib/llist.c", "include/linux", "Makefile", "mm/vmalloc.c"])
      cpSync(join(TREES[0] as string, part), join(directory, part), { recursive: true });
    const file = join(directory, "mm/vmalloc.c");
    const source = readFileSync(file, "utf8");
    expect(source).toMatch(from);
    writeFileSync(file, source.replace(from, to));
    return directory;
  }

  test.each(TREES)("failure-leaves-nothing, failure-is-reported and memory-is-freed hold in %s", (tree) => {
    expect(foundIn(tree)).toBeGreaterThan(1000);
  });

  test.each(MUTANTS)("$law is violated in one command by a tree that $what", (mutant) => {
    expect(foundIn(mutantOf(mutant))).toMatchObject({
      law: mutant.law,
      history: [{ op: "mapRam", cpu: 0, count: 1 }],
    });
  });

  test("memory-is-freed is violated in two commands by a tree that never frees a block", () => {
    expect(foundIn(mutantOf(LEAK), LEAK.law)).toMatchObject({
      law: LEAK.law,
      history: [{ op: "mapRam" }, { op: "unmapRam" }],
    });
  });

  test("check finds that, and replay shows it by the history that is kept", async () => {
    const [mutant] = MUTANTS as [(typeof MUTANTS)[number]];
    const { law } = mutant;
    const tree = { directory: mutantOf(mutant) };
    const { reports, trees } = await check({ tree, law, runs: 20, keepsFailures: true });
    const report = reports.find(({ kernel }) => kernel.name === trees[0]?.name);
    expect(report?.cells).toMatchObject([
      { law, verdict: "broken", tried: "random", bug: null, commands: 1 },
    ]);
    const kept = report?.surprises
      .find((each) => each.law === law)
      ?.replay?.split(" ")
      .at(-1) as string;
    const found = await replay(kept);
    if (found.kind !== "history") throw new Error(`${kept} is a ${found.kind}`);
    expect(found.violations.map((each) => each.law)).toEqual([law]);
    const [last] = [...found.play(true)].slice(-1);
    const text = expect.stringMatching(/^allocations of memory: \d+, and not \d+$/);
    expect(last?.response).toMatchObject({ failing: { wrong: "leaves", text } });
  });
});
